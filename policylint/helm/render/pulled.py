"""Charts that sides name by reference become archives on this machine, both sides at once.

Each is asked for once: whatever renders it, or reads its values, takes the archive.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from msgspec.structs import replace

from policylint.errors import PolicylintError, RenderError
from policylint.helm.engines.engine import Engine
from policylint.helm.engines.pull import Pulling, start_pull
from policylint.helm.inputs.sides import ChartSide, Side
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.values.chart import read_chart


def pulled(sides: tuple[Side, Side], engine: Engine, workspace: Workspace) -> tuple[Side, Side]:
    """Both sides with their charts at hand.

    Raises RenderError with helm's own words where one cannot be had, those on the after side
    first.
    """
    with ExitStack() as ends:
        begun = [_begun(engine, side, workspace, ends) for side in sides]
        return _both(sides, begun)


def _begun(engine: Engine, side: Side, workspace: Workspace, ends: ExitStack) -> Pulling | None:
    if not isinstance(side, ChartSide) or side.is_local:
        return None
    pulling = start_pull(engine, side, workspace.directory())
    ends.callback(pulling.cancel)
    return pulling


def _both(sides: Sequence[Side], begun: Sequence[Pulling | None]) -> tuple[Side, Side]:
    failures: list[RenderError] = []
    had: list[Side] = []
    for side, pulling in zip(sides, begun, strict=True):
        try:
            had.append(_noted(pulling.wait()) if pulling else side)
        except RenderError as error:
            failures.append(error)
    if failures:
        raise failures[-1]
    return had[0], had[1]


def _noted(side: ChartSide) -> ChartSide:
    """The side with which version helm pulled, where its label does not say that."""
    try:
        chart = read_chart(side.chart, "4", side.as_named(side.chart))
    except PolicylintError:
        return side  # helm says what is wrong with it
    if chart.version in side.label:
        return side
    note = f"{side.label}: helm pulled {chart.name} {chart.version}"
    return replace(side, notes=(*side.notes, note))
