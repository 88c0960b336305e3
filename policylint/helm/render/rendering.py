"""Both sides of a plan, under way: charts are started at once and rendered together.

Only what starting helm needs is imported here: whoever waits for the texts imports the rest while
helm renders (`policylint.helm.render.texts`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from policylint.helm.engines.choose import choose_engine
from policylint.helm.engines.engine import Engine, Pending, asks_clusters
from policylint.helm.inputs.sides import ChartSide, Side
from policylint.helm.render.alike import renders_alike
from policylint.helm.render.asking import asks_of_cluster
from policylint.helm.render.pair import Renders
from policylint.model import Object

if TYPE_CHECKING:
    from policylint.helm.inputs.options import Options
    from policylint.helm.render.standing import Standing


class Sides(Protocol):
    """What is rendered: a plan."""

    @property
    def before(self) -> Side:
        """The before side."""

    @property
    def after(self) -> Side:
        """The after side."""

    @property
    def options(self) -> Options:
        """The options, which name the helm."""

    def live(self) -> Sequence[Object]:
        """Objects of the cluster, for templates that look them up."""


class Rendering:
    """The renders of one plan, under way from the start; leaving the `with` block ends what is
    left."""

    def __init__(self, plan: Sides) -> None:
        self.plan = plan
        self.engine: Engine | None = None
        """None where both sides are manifests."""
        if any(isinstance(side, ChartSide) for side in (plan.before, plan.after)):
            self.engine = choose_engine(plan.options.helm, plan.options.timeout)
        self._renders = Renders(self.engine) if self.engine else None
        self.alike = False
        """Whether the after side's render is the before side's too."""
        self.asks = self._asks(plan.before, plan.after)
        """Whether the after side is rendered over a cluster: then nothing is under way yet, since
        `helm template` sees none."""
        self.standing: Standing | None = None
        """The cluster that the after side was rendered over, once it was."""
        try:
            self.pending = self._begun(plan.before, plan.after)
        except BaseException:
            self.end()  # one side may be under way
            raise

    @property
    def is_done(self) -> bool:
        """Whether nothing is under way any more."""
        return all(pending is None or pending.is_done for pending in self.pending)

    @property
    def line(self) -> str:
        """The Helm line of the engine, "" where nothing was rendered."""
        if self.engine:
            return self.engine.line
        return ""

    @property
    def engine_name(self) -> str:
        """How the report names the engine, "" where nothing was rendered."""
        if self.engine:
            return f"{self.engine.name} {self.engine.version}"
        return ""

    def _asks(self, before: Side, after: Side) -> bool:
        """Whether a template of a chart at hand asks a cluster, and the engine can."""
        if self.engine is None or not isinstance(after, ChartSide):
            return False
        at_hand = (
            side
            for side in (before, after)
            if isinstance(side, ChartSide) and Path(side.chart).exists()
        )
        return any(map(asks_of_cluster, at_hand)) and asks_clusters(self.engine)

    def _begun(self, before: Side, after: Side) -> tuple[Pending | None, Pending | None]:
        """The renders of both sides; one for both where they cannot differ."""
        if self.asks:
            return None, None
        if isinstance(before, ChartSide) and isinstance(after, ChartSide):
            self.alike = renders_alike(before, after)
        return None if self.alike else self.start(before), self.start(after)

    def start(self, side: Side) -> Pending | None:
        """Begin to render a side; None for one that is no chart."""
        if self._renders is None or not isinstance(side, ChartSide):
            return None
        return self._renders.start(side)

    def end(self) -> None:
        """End whatever is under way."""
        if self._renders is not None:
            self._renders.__exit__(None, None, None)

    def __enter__(self) -> Rendering:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()
