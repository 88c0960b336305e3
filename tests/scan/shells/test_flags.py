"""The flag tables are what the real binaries say: `--help` for what it lists, trying for what it
hides."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path

import pytest

from policylint.scan.shells import flags
from tests import helms

SCRIPT = Path(__file__).parents[3] / "scripts" / "make_helm_flags.py"
MADE_FROM = {"3": "3.22", "4": "4.3"}


@pytest.fixture(scope="module")
def maker():
    spec = importlib.util.spec_from_file_location("make_helm_flags", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def binary(line: str) -> str:
    helms.helm(line)
    return helms.find(line)


def try_flag(helm: str, verb: str, flag: str) -> str:
    command = [helm, verb, "a", "/nonexistent", flag, "--kube-apiserver=http://127.0.0.1:1"]
    return subprocess.run(command, capture_output=True, text=True).stderr


@pytest.mark.parametrize("line", flags.LINES)
def test_the_table_is_the_help_of_a_real_helm(line: str, maker) -> None:
    helm = binary(line)
    version = subprocess.run(
        [helm, "version", "--template", "{{.Version}}"], capture_output=True, text=True
    ).stdout
    if not version.strip().lstrip("v").startswith(MADE_FROM[line]):
        pytest.skip(f"the table was made from {MADE_FROM[line]}")
    for verb in (
        "upgrade",
        "install",
        "rollback",
        "uninstall",
        "template",
        "list",
        "repo add",
        "repo update",
    ):
        text = maker.helps(helm, *verb.split())
        told = set(
            maker.flags(maker.section(text, "Flags"))
            | maker.flags(maker.section(text, "Global Flags"))
        )
        hidden = {
            row["name"]
            for row in flags.notes()["hidden"]
            if row["line"] == line and verb in row["verbs"]
        }
        assert set(flags.options(line, verb)) - hidden == told - hidden


@pytest.mark.parametrize(
    "row", flags.notes()["hidden"], ids=lambda row: f"{row['line']}-{row['name']}"
)
def test_hidden_spellings_work_and_say_what_to_use(row) -> None:
    helm = binary(row["line"])
    for verb in row["verbs"]:
        output = try_flag(helm, verb, f"--{row['name']}")
        assert "unknown flag" not in output
        if row.get("use"):
            assert f"Flag --{row['name']} has been deprecated, use" in output
            assert row["use"] in output


@pytest.mark.parametrize("line", flags.LINES)
@pytest.mark.parametrize("verb", ["upgrade", "install", "rollback", "uninstall"])
def test_helm_2_flags_are_gone_or_mean_something_else(line: str, verb: str) -> None:
    helm = binary(line)
    known = flags.options(line, verb)
    for row in flags.notes()["helm2"]:
        if verb in row["verbs"] and row["name"] not in known:
            value = "=x" if row["takes"] == "yes" else ""
            assert "unknown flag" in try_flag(helm, verb, f"--{row['name']}{value}")


@pytest.mark.parametrize(
    "row", flags.notes()["exclusive"], ids=lambda row: f"{row['line']}-{'-'.join(row['flags'])}"
)
def test_what_helm_refuses_together(row) -> None:
    if row["how"] != "refused":
        assert all(name in flags.options(row["line"], "upgrade") for name in row["flags"])
        return
    both = [f"--{name}" for name in row["flags"]]
    command = [binary(row["line"]), "upgrade", "a", "/nonexistent", *both]
    output = subprocess.run(command, capture_output=True, text=True).stderr
    assert "none of the others can be" in output


def test_spellings_of_both_lines_read_alike() -> None:
    assert flags.canonical("rollback-on-failure") == "atomic"
    assert flags.canonical("force-replace") == "force"
    assert flags.spellings("upgrade")["--wait"].takes == "optional"
    assert flags.spellings("upgrade")["-f"].name == "values"
    assert flags.verbs()["delete"] == "uninstall"
    assert flags.subcommands("repo")["up"] == "update"


REFUSED = [
    (row, verb, value)
    for row in flags.notes()["values"]
    for verb in row["verbs"]
    for value in row.get("values", ["./render.sh"])
]


@pytest.mark.parametrize(
    ("row", "verb", "value"),
    REFUSED,
    ids=[f"{row['line']}-{verb}-{row['name']}-{value}" for row, verb, value in REFUSED],
)
def test_values_that_a_line_refuses_are_refused_by_its_newest_unless_they_came(
    row, verb: str, value: str
) -> None:
    output = try_flag(binary(row["line"]), verb, f"--{row['name']}={value}")
    assert ("invalid argument" in output) is ("since" not in row)


@pytest.mark.parametrize(
    "row", [row for row in flags.notes()["changed"] if "since" in row], ids=lambda row: row["name"]
)
def test_a_flag_that_came_is_there_now(row) -> None:
    for verb in row["verbs"]:
        assert row["name"] in flags.options(row["line"], verb)
