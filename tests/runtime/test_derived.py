"""What is derived of the package's files is believed only where it was derived of these bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from policylint.engine.registry import declared_subjects, python_rules, shipped
from policylint.helm.history.size import Forecast as RecordSize
from policylint.model import Forecast, Upgrade
from policylint.runtime import derived


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data").mkdir()
    monkeypatch.setattr(derived, "ROOT", str(tmp_path))
    monkeypatch.setattr(derived, "data", lambda name: (tmp_path / "data" / name).read_bytes())
    return tmp_path / "data" / derived.FOLDER


def refuse() -> str:
    raise AssertionError("it was derived again")


def test_it_is_derived_once() -> None:
    assert derived.derived("a", [b"x"], lambda: {"k": [1]}) == {"k": [1]}
    assert derived.derived("a", [b"x"], refuse) == {"k": [1]}


def test_other_contents_are_derived_anew() -> None:
    derived.derived("a", [b"x", b"y"], lambda: "old")
    for contents in ([b"x", b"z"], [b"xy"], [b"xy", b""], [b"y", b"x"]):
        assert derived.derived("a", contents, lambda: "new") == "new"


@pytest.mark.parametrize("broken", [b"", b"{", b'{"of": 1}', b"[]", b'{"of": "", "value": 1}'])
def test_a_broken_file_is_not_believed(folder: Path, broken: bytes) -> None:
    derived.derived("a", [b"x"], lambda: "right")
    (folder / "a.json").write_bytes(broken)
    assert derived.derived("a", [b"x"], lambda: "right") == "right"


def test_nothing_is_needed_where_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(derived, "ROOT", str(tmp_path / "missing"))
    assert derived.derived("a", [b"x"], lambda: "made") == "made"


def test_rules_on_a_type_are_not_those_on_another_of_the_same_name() -> None:
    by_record_size = {rule.id for rule in python_rules(frozenset({RecordSize}))}
    assert "record-near-size-limit" in by_record_size
    assert "record-near-size-limit" not in {rule.id for rule in python_rules(frozenset({Forecast}))}


def test_choosing_by_type_leaves_out_no_rule() -> None:
    every = {rule.id: set(rule.subjects) for rule in shipped()}
    of_upgrades = {rule.id for rule in shipped(frozenset({Upgrade}))}
    assert {name for name, subjects in every.items() if Upgrade in subjects} == of_upgrades
    assert len(declared_subjects()) == len(list(python_rules()))
