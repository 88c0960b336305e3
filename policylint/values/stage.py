"""What an upgrade under a values mode really renders: the after side with the values that Helm would take."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

from policylint.sources.sides import ChartSide, Side, ValuesInput
from policylint.sources.workspace import Workspace
from policylint.values.chart import Chart, read_chart
from policylint.values.given import user_values
from policylint.values.modes import Mode
from policylint.values.subject import ValuesChange, change_of
from policylint.values.tables import Table


def values_change(before: Side, after: Side, mode: str, helm: str) -> ValuesChange | None:
    """The values change between two sides; None where the after side is no chart at hand.

    Raises `ReadError` for charts and values that cannot be read.
    """
    if not isinstance(after, ChartSide) or not Path(after.chart).exists():
        return None
    old, old_user = _before(before, helm)
    return change_of(
        read_chart(after.chart), after.values, old=old, old_user=old_user, mode=Mode(mode or "default"), helm=helm
    )


def staged(after: Side, change: ValuesChange | None, workspace: Workspace) -> Side:
    """The after side as the change's mode renders it; the side itself where the mode changes nothing.

    Helm keeps the old values where a mode says so, and where no new ones are given at all.
    """
    if change is None or change.old is None or not isinstance(after, ChartSide):
        return after
    if change.mode is Mode.RESET or (change.mode is Mode.DEFAULT and (change.new_user or not change.old_user)):
        return after
    effective = change.effective
    room = workspace.directory()
    values = _written(room / "values-of-this-mode.yaml", effective.user_values)
    chart = after.chart
    if change.mode is Mode.REUSE:
        chart = str(_with_defaults(Path(after.chart), room, effective.defaults))
    return replace(after, chart=chart, values=ValuesInput(files=(values,)))


def _before(before: Side, helm: str) -> tuple[Chart | None, Table]:
    if isinstance(before, ChartSide) and Path(before.chart).exists():
        return read_chart(before.chart), user_values(before.values, helm)
    return None, {}


def _written(file: Path, values: Table) -> str:
    file.write_text(json.dumps(values), encoding="utf-8")  # JSON is YAML, and keeps every type
    return str(file)


def _with_defaults(chart: Path, room: Path, defaults: Table) -> Path:
    """A copy of the chart with other default values."""
    if chart.is_file():
        shutil.unpack_archive(chart, room / "unpacked", format="gztar", filter="data")
        chart = next(entry for entry in (room / "unpacked").iterdir() if entry.is_dir())
    copy = room / "chart" / chart.name
    shutil.copytree(chart, copy, symlinks=False)
    _written(copy / "values.yaml", defaults)
    return copy
