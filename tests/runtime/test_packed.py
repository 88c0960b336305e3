"""Values that are packed come back as they were, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec import Struct, json

from policylint.pipeline.assessed import REPORTS
from policylint.report.formats import names, render
from policylint.report.look import Fixes, Look
from policylint.report.model import ReleaseReport, Report
from policylint.runtime import packed
from policylint.runtime.packed import Packed, gathered, places_for
from tests.report.upgrades import upgrades


class Row(Struct, frozen=True):
    name: str
    value: Any = None


ROWS = (json.encode, json.Decoder(Row).decode)
VALUES = (
    Row("text", "\ud83d\ude00 \x00"),
    Row("numbers", [1, 1.0, -0.0, 10**30, True]),
    Row("a tuple, which JSON has none of", (1, 2)),
    Row("no number", float("inf")),
    Row("no key of JSON", {1: "a"}),
    Row("unwritable", object()),
)


@pytest.fixture
def _packs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "MANY", 0)


@pytest.mark.usefixtures("_packs")
def test_each_comes_back_as_it_was() -> None:
    rows = gathered(ROWS, len(VALUES), iter(VALUES))
    assert isinstance(rows, Packed)
    assert list(rows) == list(VALUES)
    assert [type(row.value) for row in rows] == [type(row.value) for row in VALUES]
    assert repr(rows[1].value) == repr(VALUES[1].value)
    assert rows[2:4] == list(VALUES[2:4])
    assert rows[-1] == VALUES[-1]
    with pytest.raises(IndexError):
        rows[len(VALUES)]


@pytest.mark.usefixtures("_packs")
def test_places_are_filled_in_any_order() -> None:
    places = places_for(ROWS, 3)
    for place in (2, 0, 1):
        places[place] = Row(str(place))
    assert [row.name for row in places] == ["0", "1", "2"]


def test_few_stay_as_they_are() -> None:
    assert gathered(ROWS, 2, VALUES[:2]) == VALUES[:2]
    assert places_for(ROWS, 2) == [None, None]


@pytest.mark.parametrize("name", names())
def test_a_packed_fleet_is_told_alike(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reports = [report for _, report in upgrades()]
    releases = [release for report in reports for release in report.releases]
    looks = (Look(), Look(fixes=Fixes.ALL, statistics=True, ids=True), Look(quiet=True))

    def told(releases: Sequence[ReleaseReport]) -> list[str]:
        report = Report(reports[0].verdict, releases)
        return [render(name, report, look) for look in looks]

    as_they_are = told(gathered(REPORTS, 2 * len(releases), releases * 2))
    monkeypatch.setattr(packed, "MANY", 0)
    assert told(gathered(REPORTS, 2 * len(releases), releases * 2)) == as_they_are
