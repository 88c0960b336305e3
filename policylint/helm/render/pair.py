"""Render both sides at the same time, and leave no process behind whatever happens."""

from __future__ import annotations

from types import TracebackType

from policylint.helm.engines.engine import Engine, Pending
from policylint.helm.inputs.sides import ChartSide


class Renders:
    """Starts renders and returns at once; leaving the `with` block ends those that were not waited
    for.

    Start both sides before importing anything that only later stages need.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._pending: list[Pending] = []

    def start(self, side: ChartSide) -> Pending:
        """Begin to render a chart."""
        pending = self._engine.start(side)
        self._pending.append(pending)
        return pending

    def __enter__(self) -> Renders:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for pending in self._pending:
            pending.cancel()
