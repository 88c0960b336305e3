"""What an upgrade under a values mode really renders: the after side with the values that Helm
would take."""

from __future__ import annotations

from msgspec.structs import replace

from policylint.helm.inputs.sides import ChartSide, ManifestSide, Side
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.values.chart import Chart, read_chart, stored_chart
from policylint.helm.values.given import user_values
from policylint.helm.values.modes import Mode
from policylint.helm.values.side import side_of
from policylint.helm.values.subject import ValuesChange, ValuesFile, change_of, failure_of
from policylint.helm.values.tables import Table


def values_change(
    before: Side, after: Side, mode: str, helm: str, failure: str = ""
) -> ValuesChange | None:
    """The values change between two sides; None where the after side is no chart at hand.

    Without a mode the before side's own values stand for nothing that the release keeps, unless it
    is a release's record. `failure` is what helm said where the after side could not be rendered.
    Raises `ReadError` for charts and values that cannot be read, `RenderError` for values that Helm
    refuses to put together.
    """
    if not isinstance(after, ChartSide) or not after.is_local:
        return None
    old, old_user, recorded = _before(before, helm)
    new = _chart(after, helm)
    change = change_of(
        _without_schemas(new) if "--skip-schema-validation" in after.extra else new,
        after.values,
        old=old,
        old_user=old_user if mode or recorded else {},
        mode=Mode(mode or Mode.DEFAULT),
        helm=helm,
    )
    shown = tuple(ValuesFile(after.as_named(file.path), file.text) for file in change.files)
    change = replace(change, files=shown)
    change.under(change.mode)  # one error here, in place of one from each rule
    if failure:
        return replace(change, failure=failure_of(failure))
    return change


def staged(after: Side, change: ValuesChange | None, workspace: Workspace) -> Side:
    """The after side as the change's mode renders it; the side itself where the mode changes
    nothing.

    Helm keeps the old values where a mode says so, and where no new ones are given at all.
    """
    if (
        change is None
        or (change.old is None and not change.old_user)
        or not isinstance(after, ChartSide)
    ):
        return after
    if change.mode is Mode.RESET or (
        change.mode is Mode.DEFAULT and (change.new_user or not change.old_user)
    ):
        return after
    return side_of(after, change.effective, workspace.directory())


def _before(before: Side, helm: str) -> tuple[Chart | None, Table, bool]:
    """The chart and user values of the before side, and whether a release's record says so."""
    if isinstance(before, ChartSide) and before.is_local:
        return _chart(before, helm), user_values(before.values, helm), False
    if isinstance(before, ManifestSide) and before.revision:
        record = (
            before.revision.chart_record
        )  # helm prints no chart: a release asked of the cluster has none
        return stored_chart(record) if record else None, dict(before.revision.values), True
    return None, {}, False


def _without_schemas(chart: Chart) -> Chart:
    """The chart as Helm takes it where it is told not to look at schemas."""
    return replace(chart, schema=b"", charts=tuple(map(_without_schemas, chart.charts)))


def _chart(side: ChartSide, helm: str) -> Chart:
    return read_chart(side.chart, helm, side.as_named(side.chart))
