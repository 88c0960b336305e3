"""data/declarations.yaml: every row leads to a flag that Helm has, and every reading does what the
file's head says."""

from __future__ import annotations

from pathlib import Path

import pytest

from policylint.kyaml.load import load
from policylint.scan.declarations.groups import api_groups
from policylint.scan.declarations.manifests import mentions
from policylint.scan.invocations.settings import Setting, read_value, strongest, tables
from policylint.scan.shells import flags
from policylint.scan.texts.source import NOWHERE

RAW = load(
    (Path(__file__).parents[3] / "policylint" / "data" / "declarations.yaml").read_text(),
    "declarations.yaml",
)
READINGS = {"switch", "inverse", "text", "seconds", "waiting"}
VERBS = ("upgrade", "install", "template")


@pytest.mark.parametrize("tool", sorted(RAW))
def test_every_row_is_a_flag_of_helm(tool: str) -> None:
    known = {
        name for verb in VERBS for line in ("3", "4") for name in flags.options(line, verb)
    } | {"server-side"}
    table = tables()[tool]
    for setting, (flag, reading) in {**table.settings, **table.options}.items():
        assert flag in known, f"{tool} {setting}"
        assert reading in READINGS, f"{tool} {setting}"
        assert flags.canonical(flag) == flag, "Helm 3's name"


def test_the_groups_of_objects_are_those_of_the_rows() -> None:
    assert set(api_groups()) == {group for row in RAW.values() for group in row.get("groups", ())}
    assert all(group.endswith("/") and mentions(f"apiVersion: {group}v1") for group in api_groups())
    assert not mentions("apiVersion: kustomize.toolkit.fluxcd.io/v1")


@pytest.mark.parametrize("tool", sorted(RAW))
def test_every_tool_says_where_its_rows_are_from(tool: str) -> None:
    assert len(RAW[tool]["source"]) > 20
    assert tables()[tool].mode in ("reset", "default")


def read(text: str, flag: str, reading: str) -> list[tuple[str, str, object]]:
    return [
        (item.flag, item.state, item.value)
        for item in read_value(text, (flag, reading), NOWHERE, "")
    ]


@pytest.mark.parametrize(
    ("text", "reading", "expected"),
    [
        ("true", "switch", [("wait", "set", True)]),
        ("No", "switch", [("wait", "unset", False)]),
        ("maybe", "switch", [("wait", "unknown", None)]),
        ("true", "inverse", [("wait", "unset", False)]),
        ("false", "inverse", [("wait", "set", True)]),
        ("300", "seconds", [("wait", "set", "300s")]),
        ("5m", "seconds", [("wait", "set", "5m")]),
        ("5", "text", [("wait", "set", "5")]),
        ("0", "waiting", []),
    ],
)
def test_readings(text: str, reading: str, expected: list[tuple[str, str, object]]) -> None:
    assert read(text, "wait", reading) == expected


def test_a_timeout_that_waits() -> None:
    assert read("60", "timeout", "waiting") == [("timeout", "set", "60s"), ("wait", "set", True)]


def test_of_two_settings_the_one_that_turns_it_on_counts() -> None:
    states = [Setting("force", state) for state in ("unset", "unknown", "set")]
    assert [strongest(states[:count])["force"].state for count in (1, 2, 3)] == [
        "unset",
        "unknown",
        "set",
    ]
