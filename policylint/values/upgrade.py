"""One upgrade's values made ready: the side to render under a values mode, and the subjects that values rules judge."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from policylint.errors import SourceError, UsageError
from policylint.history.model import Revision
from policylint.render.command import without_root
from policylint.sources.sides import ChartSide, Side
from policylint.values.chart import Chart, read_chart, stored_chart
from policylint.values.given import user_values
from policylint.values.modes import Mode
from policylint.values.side import is_local, side_of
from policylint.values.subject import ValuesChange, change_of
from policylint.values.tables import Table


@dataclass(frozen=True, slots=True)
class Ready:
    """What to render in place of the after side, and what the rules judge: a `ValuesChange` and the `Chart`."""

    side: ChartSide
    subjects: tuple[ValuesChange | Chart, ...] = ()


def mode_named(word: str) -> Mode | None:
    """The mode that `--values-mode` names, None for none; raises `UsageError` for a word that is none."""
    if not word:
        return None
    try:
        return Mode(word)
    except ValueError:
        known = ", ".join(mode.value for mode in Mode)
        raise UsageError(f"no values mode is called {word!r}", remedy=f"--values-mode is one of {known}") from None


def ready(
    before: Side, after: ChartSide, folder: Path, *, mode: str = "", helm: str = "4", revision: Revision | None = None
) -> Ready:
    """Work out the after side's values. `folder` is empty and takes the files to render from.

    `revision` is the release record that the upgrade starts from, where one is known; without it the before side's
    own chart and values stand for the release. Without a mode the after side stays as it is. Raises `SourceError`
    where a mode is named and a chart is not on this machine.
    """
    wanted = mode_named(mode)
    if not is_local(after):
        if wanted is None:
            return Ready(after)
        raise _not_here(after.chart)
    old, old_user = _old(before, revision, helm, wanted)
    change = change_of(
        _chart(after, helm), after.values, old=old, old_user=old_user, mode=wanted or Mode.RESET, helm=helm
    )
    side = side_of(after, change.effective, folder) if wanted else after
    return Ready(side, (change, change.new))


def _old(before: Side, revision: Revision | None, helm: str, mode: Mode | None) -> tuple[Chart | None, Table]:
    """The chart and user values of the release as it is; user values only where they are those of a release."""
    if revision is not None and revision.chart_record:
        return stored_chart(revision.chart_record), dict(revision.values)
    if isinstance(before, ChartSide) and is_local(before):
        return _chart(before, helm), user_values(before.values, helm) if mode else {}
    if mode not in (None, Mode.RESET):
        raise _not_here(before.label or "the before side")
    return None, {}


def _chart(side: ChartSide, helm: str) -> Chart:
    return read_chart(side.chart, helm, without_root(side.chart, side.root))


def _not_here(what: str) -> SourceError:
    return SourceError(
        f"the values of {what} cannot be worked out: its chart and values are not on this machine",
        remedy="helm pull the chart, or give the release's exported record as the before side",
    )
