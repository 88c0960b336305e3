"""The four ways `helm upgrade` makes values: what it stores, what `get values -a` says, what
templates see.

Source: pkg/action/upgrade.go (reuseValues) of Helm 3.22 and 4.3; all recorded cases in
fixtures/oracle/modes.jsonl.gz.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from policylint.helm.values.chart import Chart, without_charts
from policylint.helm.values.coalesce import coalesce, scopes
from policylint.helm.values.dependencies import process
from policylint.helm.values.tables import Table, as_json_numbers, copy, overlay


class Mode(StrEnum):
    """`default` is what Helm does without a flag; reset-then-reuse exists from Helm 3.14 on."""

    DEFAULT = "default"
    RESET = "reset"
    REUSE = "reuse"
    RESET_THEN_REUSE = "reset-then-reuse"

    @property
    def flag(self) -> str:
        """Helm's flag for it, empty for the default."""
        if self is Mode.DEFAULT:
            return ""
        return f"--{self.value}-values"


class Effective(Struct, frozen=True):
    """What one upgrade makes of the values.

    `defaults` is what Helm takes for the chart's values.yaml (under reuse the old computed values):
    rendering the new chart with it as values.yaml and `user_values` as the only values file gives
    what the upgrade would render.
    """

    mode: Mode
    user_values: Table
    """What the record keeps and `helm get values` prints (null where empty)."""
    all_values: Table
    """What `helm get values -a` prints: without the defaults of subcharts that Chart.yaml does not
    declare."""
    values: Table
    """What `.Values` is in the chart's own templates."""
    scopes: dict[str, Table]
    """What `.Values` is in each chart's templates, by full path."""
    defaults: Table
    chart: Chart
    """The new chart with its dependencies worked out."""
    warnings: tuple[str, ...] = ()


def stored(chart: Chart, user: Table, helm: str) -> Chart:
    """The chart as the record of a release made with these values holds it."""
    if chart.stored:
        return chart
    return _as_recorded(process(chart, user, helm))


def upgrade_values(
    mode: Mode | str,
    helm: str,
    old_chart: Chart,
    old_user: Table,
    new_chart: Chart,
    new_user: Table,
) -> Effective:
    """The values of an upgrade, for Helm line "3" or "4".

    `old_chart` is a record's chart, or one read from files and then taken as installed with
    `old_user`. Raises `RenderError` where Helm stops (a subchart's values are no map).
    """
    mode = Mode.DEFAULT if mode == "none" else Mode(mode)
    kept = as_json_numbers(copy(old_user))
    user = copy(new_user)
    if mode is Mode.REUSE:
        old_values = coalesce(stored(old_chart, kept, helm), kept, helm)
        new_chart = replace(new_chart, values=old_values)
    if mode in (Mode.REUSE, Mode.RESET_THEN_REUSE):
        overlay(user, kept, keep_nulls=False)
    elif mode is Mode.DEFAULT and not user:
        user = kept
    return effective(mode, new_chart, user, helm)


def effective(mode: Mode, chart: Chart, user: Table, helm: str) -> Effective:
    """What a chart and the user values that are to be stored give: an install, or the end of an
    upgrade."""
    warnings: list[str] = []
    ready = process(chart, user, helm)
    values = coalesce(ready, user, helm, warnings.append)
    return Effective(
        mode=mode,
        user_values=user,
        all_values=coalesce(_as_recorded(ready), as_json_numbers(user), helm),
        values=values,
        scopes=scopes(ready, values),
        defaults=chart.values,
        chart=ready,
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _as_recorded(ready: Chart) -> Chart:
    return replace(without_charts(ready), values=as_json_numbers(ready.values))
