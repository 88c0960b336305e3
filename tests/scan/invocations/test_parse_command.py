"""One command line, as `policylint check -- helm ...` gives it."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policylint.scan.invocations.commands import parse_command
from policylint.scan.invocations.model import ALWAYS
from policylint.scan.shells.flags import spellings


def parse(line: str):
    command = parse_command(shlex.split(line))
    assert command is not None
    return command


@pytest.mark.parametrize(
    ("line", "action", "release", "chart"),
    [
        ("helm upgrade web ./web", "upgrade", "web", "./web"),
        ("helm -n prod upgrade --install web ./web", "upgrade", "web", "./web"),
        ("sudo helm3 upgrade --set a=b web ./web", "upgrade", "web", "./web"),
        ("helm secrets upgrade web ./web", "upgrade", "web", "./web"),
        ("helm diff upgrade web ./web", "diff", "web", "./web"),
        ("helm secrets diff upgrade web ./web", "diff", "web", "./web"),
        ("helm install ./web -g", "install", None, "./web"),
        ("helm install web ./web", "install", "web", "./web"),
        ("helm delete web", "uninstall", "web", None),
        ("helm rollback web 3", "rollback", "web", None),
        ("helm repo add x https://x.example", "repo", None, None),
        ("docker run --rm alpine/helm:3.14.0 upgrade web ./web", "upgrade", "web", "./web"),
    ],
)
def test_the_verb_and_its_names(
    line: str, action: str, release: str | None, chart: str | None
) -> None:
    command = parse(line)
    assert (command.action, command.release, command.chart) == (action, release, chart)


@pytest.mark.parametrize(
    "line", ["helm", "helm --help", "kubectl get pods", "echo helm upgrade a b", ""]
)
def test_what_is_no_helm_command(line: str) -> None:
    assert parse_command(shlex.split(line)) is None


def test_flags_have_three_states() -> None:
    command = parse(
        "helm upgrade a b --atomic=false --wait=hookOnly --rollback-on-failure --timeout 5m "
        "--timeout=6m"
    )
    assert command.flag("atomic").state == "set"
    assert command.flag("atomic").written == "--rollback-on-failure"
    assert (command.flag("wait").state, command.flag("wait").value) == ("set", "hookOnly")
    assert command.flag("timeout").value == "6m"
    assert command.flag("force").state == "unset"
    assert command.repeated == ("atomic", "timeout")
    off = parse("helm upgrade a b --atomic=false").flag("atomic")
    assert (off.state, off.value) == ("unset", False)


def test_the_json_has_every_key_of_the_report() -> None:
    shown = parse("helm upgrade a b -f x.yaml,y.yaml --set a=b --set-string c=d").to_json()
    assert list(shown) == [
        "file", "line", "column", "tool", "action", "release", "chart", "version", (
            "namespace"
        ), "flags",
        "values_files", "set_count", "dynamic",
    ]  # fmt: skip
    assert set(ALWAYS) <= set(shown["flags"])
    assert (shown["values_files"], shown["set_count"], shown["dynamic"]) == (2, 2, False)


SWITCHES = sorted(
    name for name, option in spellings("upgrade").items() if option.takes == "no" and name[1] == "-"
)


@given(st.lists(st.sampled_from(SWITCHES), unique=True, max_size=6), st.integers(0, 8))
def test_switches_may_stand_anywhere(switches: list[str], at: int) -> None:
    words = ["upgrade", "web", "./web"]
    for switch in switches:
        words.insert(min(at, len(words)), switch)
    command = parse_command(["helm", *words])
    assert command is not None
    assert (command.action, command.release, command.chart) == ("upgrade", "web", "./web")
    assert {flag.written for flag in command.flags.values()} <= set(switches)
    assert len(command.flags) >= len(switches) - 2  # two spellings may mean one flag
