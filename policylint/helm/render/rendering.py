"""Both sides of a plan as texts: charts are started at once and rendered together, manifests are
taken as they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct
from msgspec.structs import replace

from policylint.errors import RenderError, SourceError
from policylint.helm.engines.choose import choose_engine
from policylint.helm.engines.engine import Engine, Pending
from policylint.helm.engines.engine import Rendered as Made
from policylint.helm.engines.papercluster import Lookup
from policylint.helm.engines.upgrade import can_ask
from policylint.helm.inputs.sides import ChartSide, ManifestSide, Side
from policylint.helm.render.double import can_differ
from policylint.helm.render.pair import Renders
from policylint.helm.render.standing import asks_of_cluster
from policylint.helm.render.steady import UnsteadyRender, steady
from policylint.helm.render.upgrade import render_upgrade
from policylint.kubernetes.api.schemas import minor_number
from policylint.kubernetes.manifests.reader import Text
from policylint.kyaml.load import has_content
from policylint.model import Object

if TYPE_CHECKING:
    from policylint.helm.inputs.options import Options


_WHEN_INSTALLED = "where the release was installed and never upgraded since"
_WHEN_RANDOM = "because the value is made anew at every render"


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


class Rendered(Struct, frozen=True):
    """One side as texts to read; `checked` texts have been parsed by Helm already."""

    texts: tuple[Text, ...] = ()
    crds: tuple[Text, ...] = ()
    notes: tuple[str, ...] = ()
    apply_method: str = ""
    unsteady: UnsteadyRender | None = None
    """What differs from render to render on either side; only said of the after side."""
    lookups: tuple[Lookup, ...] = ()
    """What templates of the after side looked up that nobody here can know."""
    alternatives: tuple[Alternative, ...] = ()
    """Other pairs that may be the one that runs; only said of the after side."""

    @property
    def manifest(self) -> str:
        """What Helm stores as the manifest: all but the text of crds/ directories."""
        stored = {text.text for text in self.crds}
        return "\n---\n".join(text.text for text in self.texts if text.text not in stored)

    @property
    def text_found(self) -> bool:
        """Whether any of the texts holds more than blanks and comments."""
        return any(has_content(text.text) for text in self.texts)


class Alternative(Struct, frozen=True):
    """Another pair that may be the one that runs, and when it is."""

    before: tuple[Text, ...]
    after: tuple[Text, ...]
    when: str


class Rendering:
    """The renders of one plan, under way from the start; leaving the `with` block ends what is
    left."""

    def __init__(self, plan: Sides) -> None:
        self._plan = plan
        self._engine: Engine | None = None
        if any(isinstance(side, ChartSide) for side in (plan.before, plan.after)):
            self._engine = choose_engine(plan.options.helm, plan.options.timeout)
        self._renders = Renders(self._engine) if self._engine else None
        try:
            self._pending: list[Pending | None] = [
                self._start(plan.before),
                self._start(plan.after),
            ]
        except BaseException:
            self.__exit__(None, None, None)  # one side may be under way
            raise

    @property
    def line(self) -> str:
        """The Helm line of the engine, "" where nothing was rendered."""
        return self._engine.line if self._engine else ""

    @property
    def engine_name(self) -> str:
        """How the report names the engine, "" where nothing was rendered."""
        return f"{self._engine.name} {self._engine.version}" if self._engine else ""

    def wait(self) -> tuple[Rendered, Rendered]:
        """Both sides. Raises `RenderError` with helm's own words; it is `certain` where the after
        side is the one that helm refuses."""
        sides = (self._plan.before, self._plan.after)
        if isinstance(sides[1], ChartSide) and self._asks():
            return self._over_a_cluster(sides[0], sides[1])
        unsure = [isinstance(side, ChartSide) and can_differ(side) for side in sides]
        old, new = self._both()
        if old and new and old.crds == new.crds:
            new = replace(new, crds=old.crds)  # one text, which is then cut and read once
        return self._steady(_side(sides[0], old), _side(sides[1], new), unsure)

    def _both(self) -> tuple[Made | None, Made | None]:
        """Both renders; what helm refuses of the after side is said before the other one's."""
        before, after = self._pending
        failure: RenderError | None = None
        old: Made | None = None
        try:
            old = before.wait() if before else None
        except RenderError as error:
            error.certain = False  # it says nothing of the upgrade
            failure = error
        new = after.wait() if after else None
        if failure is not None:
            raise failure
        return old, new

    def _asks(self) -> bool:
        """Whether a template of a chart at hand asks a cluster, and the engine can."""
        engine = self._engine
        if engine is None or not (engine.name == "embedded" or can_ask(engine.version)):
            return False
        return any(
            isinstance(side, ChartSide) and Path(side.chart).exists() and asks_of_cluster(side)
            for side in (self._plan.before, self._plan.after)
        )

    def _over_a_cluster(self, before: Side, after: ChartSide) -> tuple[Rendered, Rendered]:
        """Both sides, the after side over what the before side left in the cluster."""
        self.__exit__(None, None, None)  # `helm template` sees no cluster
        if self._engine is None:
            raise SourceError("no engine renders here", remedy="name a helm with --helm")
        renders = render_upgrade(self._engine, before, after, self._plan.live())
        old, new = _side(before, renders.before), _side(after, renders.after)
        again = renders.before_again.text if renders.before_again else ""
        old, new = self._levelled(old, new, again, renders.after_again.text)
        new = replace(new, lookups=renders.lookups)
        if renders.installed is None or renders.installed_again is None:
            return old, new
        first = _side(before, renders.installed)
        second = renders.installed_again.text
        first, after_first = self._levelled(first, new, second, renders.after_again.text)
        alternative = Alternative(first.texts, after_first.texts, _WHEN_INSTALLED)
        return old, replace(new, alternatives=(*new.alternatives, alternative))

    def __enter__(self) -> Rendering:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._renders is not None:
            self._renders.__exit__(kind, error, trace)

    def _steady(
        self, before: Rendered, after: Rendered, unsure: Sequence[bool]
    ) -> tuple[Rendered, Rendered]:
        """Both sides without what differs from render to render, found by a second render where
        that can be."""
        if before.texts == after.texts or not before.texts or not after.texts:
            return before, after
        sides = (self._plan.before, self._plan.after)
        again = [
            self._start(side) if again else None for side, again in zip(sides, unsure, strict=True)
        ]
        second_before, second_after = (pending.wait().text if pending else "" for pending in again)
        return self._levelled(before, after, second_before, second_after)

    def _levelled(
        self, before: Rendered, after: Rendered, second_before: str, second_after: str
    ) -> tuple[Rendered, Rendered]:
        """Both sides with equal values where a second render of one differs; as they were, they
        are an alternative."""
        if not second_before and not second_after:
            return before, after
        sides = (self._plan.before, self._plan.after)
        minor = next(
            f"1.{minor_number(side.kube_version)}" for side in sides if isinstance(side, ChartSide)
        )
        old, new, places = steady(before.texts, after.texts, second_before, second_after, minor)
        if not places:
            return before, after
        alternative = Alternative(before.texts, after.texts, _WHEN_RANDOM)
        return replace(before, texts=old), replace(
            after,
            texts=new,
            notes=(*after.notes, *map(str, places)),
            unsteady=UnsteadyRender(places),
            alternatives=(alternative,),
        )

    def _start(self, side: Side) -> Pending | None:
        return (
            self._renders.start(side)
            if self._renders is not None and isinstance(side, ChartSide)
            else None
        )


def _side(side: Side, made: Made | None) -> Rendered:
    """The texts of a side, of which a chart was made."""
    if isinstance(side, ManifestSide):
        texts = tuple(Text(file, text) for file, text in side.text)
        return Rendered(texts, apply_method=side.apply_method)
    if made is None:
        return Rendered()
    name = f"{side.label} (rendered)"
    if not made.crds:
        return Rendered((Text(name, made.text, checked=True),), notes=made.notes)
    crds = Text("crds/", made.crds, checked=True)
    if not made.text.startswith(made.crds):
        return Rendered((Text(name, made.text, checked=True),), (crds,), made.notes)
    rest = Text(name, made.text[len(made.crds) :], checked=True, line=made.crds.count("\n") + 1)
    return Rendered((Text(name, made.crds, checked=True), rest), (crds,), made.notes)
