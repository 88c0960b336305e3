"""An upgrade's values made ready for the render and the rules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from policylint.errors import SourceError, UsageError
from policylint.history import Revision
from policylint.sources.sides import ChartSide, EmptySide, ValuesInput
from policylint.values import Mode
from policylint.values.subject import ValuesChange
from policylint.values.upgrade import ready
from tests.values.offline import write_chart


@pytest.fixture
def sides(tmp_path: Path) -> tuple[ChartSide, ChartSide]:
    write_chart(tmp_path / "old", {"name": "app", "values": {"a": 1, "tag": "1"}})
    write_chart(tmp_path / "new", {"name": "app", "values": {"a": 1, "tag": "2"}})
    old = ChartSide(str(tmp_path / "old"), ValuesInput(set=("a=5",)))
    return old, ChartSide(str(tmp_path / "new"), ValuesInput(set=("b=2",)))


def folder(tmp_path: Path) -> Path:
    path = tmp_path / "work"
    path.mkdir()
    return path


def test_without_a_mode_the_side_stays_as_it_is(sides: tuple[ChartSide, ChartSide], tmp_path: Path) -> None:
    found = ready(*sides, folder(tmp_path))
    assert found.side == sides[1]
    change, chart = found.subjects
    assert isinstance(change, ValuesChange)
    assert (change.mode, change.old_user, chart) == (Mode.RESET, {}, change.new)
    assert list((tmp_path / "work").iterdir()) == []


def test_reuse_renders_a_chart_with_the_old_defaults(sides: tuple[ChartSide, ChartSide], tmp_path: Path) -> None:
    found = ready(*sides, folder(tmp_path), mode="reuse")
    assert json.loads(Path(found.side.chart, "values.yaml").read_text()) == {"a": 5, "tag": "1"}
    assert json.loads(Path(found.side.values.files[0]).read_text()) == {"a": 5, "b": 2}


def test_a_release_record_is_the_old_side(sides: tuple[ChartSide, ChartSide], tmp_path: Path) -> None:
    record = {"metadata": {"name": "app", "version": "0.9.0"}, "values": {"a": 7, "tag": "0"}}
    revision = Revision(3, "deployed", values={"a": 8}, chart_record=record)
    found = ready(EmptySide(), sides[1], folder(tmp_path), mode="reset-then-reuse", revision=revision)
    assert json.loads(Path(found.side.values.files[0]).read_text()) == {"a": 8, "b": 2}
    assert found.side.chart == sides[1].chart


def test_what_cannot_be_worked_out_is_an_error(sides: tuple[ChartSide, ChartSide], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no values mode"):
        ready(*sides, folder(tmp_path), mode="keep")
    with pytest.raises(SourceError, match="not on this machine"):
        ready(EmptySide(), sides[1], tmp_path / "work", mode="reuse")
    away = ChartSide("oci://registry.example/app")
    with pytest.raises(SourceError, match="not on this machine"):
        ready(sides[0], away, tmp_path / "work", mode="reuse")
    assert ready(sides[0], away, tmp_path / "work").subjects == ()
