"""The side that a values mode really renders, and the change that the rules judge."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from policylint.helm.inputs.revisions import Revision
from policylint.helm.inputs.sides import ChartSide, EmptySide, ManifestSide, ValuesInput
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.values.modes import Mode
from policylint.helm.values.stage import staged, values_change
from policylint.helm.values.subject import ValuesChange
from tests.helm.values.offline import write_chart

RECORD = {"metadata": {"name": "app", "version": "0.9.0"}, "values": {"a": 7, "tag": "0"}}


@pytest.fixture
def sides(tmp_path: Path) -> tuple[ChartSide, ChartSide]:
    write_chart(tmp_path / "old", {"name": "app", "values": {"a": 1, "tag": "1"}})
    write_chart(tmp_path / "new", {"name": "app", "values": {"a": 1, "tag": "2"}})
    old = ChartSide(str(tmp_path / "old"), ValuesInput(set=("a=5",)))
    return old, ChartSide(str(tmp_path / "new"), ValuesInput(set=("b=2000000",)))


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    with Workspace() as made:
        yield made


def change(
    before: ChartSide | ManifestSide | EmptySide, after: ChartSide, mode: str
) -> ValuesChange:
    change_of_values = values_change(before, after, mode, "4")
    assert change_of_values is not None
    return change_of_values


def test_without_a_mode_the_side_stays_as_it_is(
    sides: tuple[ChartSide, ChartSide], workspace: Workspace
) -> None:
    values_change_made = change(*sides, "")
    assert (values_change_made.mode, values_change_made.old_user) == (Mode.DEFAULT, {})
    assert staged(sides[1], values_change_made, workspace) == sides[1]


def test_reuse_renders_a_chart_with_the_old_defaults(
    sides: tuple[ChartSide, ChartSide], workspace: Workspace
) -> None:
    staged_side = staged(sides[1], change(*sides, "reuse"), workspace)
    assert isinstance(staged_side, ChartSide)
    assert json.loads(Path(staged_side.chart, "values.yaml").read_text()) == {"a": 5, "tag": "1"}
    assert json.loads(Path(staged_side.values.files[0]).read_text()) == {"a": 5, "b": 2000000}
    assert staged_side.values.set == ("b=2000000",)  # from a file it would print as 2e+06


def test_a_packed_chart_is_unpacked_for_reuse(
    sides: tuple[ChartSide, ChartSide], workspace: Workspace
) -> None:
    import tarfile

    packed = Path(sides[1].chart).parent / "new.tgz"
    with tarfile.open(packed, "w:gz") as tar:
        tar.add(sides[1].chart, arcname="app")
    side = ChartSide(str(packed), sides[1].values)
    staged_side = staged(side, change(sides[0], side, "reuse"), workspace)
    assert isinstance(staged_side, ChartSide)
    assert json.loads(Path(staged_side.chart, "values.yaml").read_text()) == {"a": 5, "tag": "1"}
    assert Path(staged_side.chart, "templates", "values.yaml").is_file()


def test_a_release_record_is_the_old_side(
    sides: tuple[ChartSide, ChartSide], workspace: Workspace
) -> None:
    before = ManifestSide(
        (), revision=Revision(3, "deployed", values={"a": 8}, chart_record=RECORD)
    )
    staged_side = staged(sides[1], change(before, sides[1], "reset-then-reuse"), workspace)
    assert isinstance(staged_side, ChartSide)
    assert json.loads(Path(staged_side.values.files[0]).read_text()) == {"a": 8, "b": 2000000}
    assert staged_side.chart == sides[1].chart


def test_an_upgrade_without_values_keeps_those_of_the_record(
    sides: tuple[ChartSide, ChartSide], workspace: Workspace
) -> None:
    before = ManifestSide(
        (), revision=Revision(3, "deployed", values={"a": 8}, chart_record=RECORD)
    )
    bare = ChartSide(sides[1].chart)
    staged_side = staged(bare, change(before, bare, ""), workspace)
    assert isinstance(staged_side, ChartSide)
    assert json.loads(Path(staged_side.values.files[0]).read_text()) == {"a": 8}


def test_charts_elsewhere_have_no_values_to_judge(sides: tuple[ChartSide, ChartSide]) -> None:
    assert values_change(sides[0], ChartSide("oci://registry.example/app"), "", "4") is None
    assert change(EmptySide(), sides[1], "").old is None
