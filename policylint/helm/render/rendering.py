"""Both sides of a plan as texts: charts are started at once and rendered together, manifests are
taken as they are."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct
from msgspec.structs import replace

from policylint.helm.engines.choose import choose_engine
from policylint.helm.engines.engine import Engine, Pending
from policylint.helm.engines.engine import Rendered as Made
from policylint.helm.inputs.sides import ChartSide, ManifestSide, Side
from policylint.helm.render.double import can_differ
from policylint.helm.render.pair import Renders

if TYPE_CHECKING:
    from policylint.helm.inputs.options import Options
    from policylint.helm.render.steady import UnsteadyRender
    from policylint.kubernetes.manifests.reader import Text


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


class Rendered(Struct, frozen=True):
    """One side as texts to read; `checked` texts have been parsed by Helm already."""

    texts: tuple[Text, ...] = ()
    crds: tuple[Text, ...] = ()
    notes: tuple[str, ...] = ()
    apply_method: str = ""
    unsteady: UnsteadyRender | None = None
    """What differs from render to render on either side; only said of the after side."""

    @property
    def manifest(self) -> str:
        """What Helm stores as the manifest: all but the text of crds/ directories."""
        stored = {text.text for text in self.crds}
        return "\n---\n".join(text.text for text in self.texts if text.text not in stored)

    @property
    def text_found(self) -> bool:
        """Whether any of the texts holds more than blanks and comments."""
        from policylint.kyaml.load import has_content

        return any(has_content(text.text) for text in self.texts)


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
        """Both sides. Raises `RenderError` with helm's own words."""
        before, after = self._pending
        sides = (self._plan.before, self._plan.after)
        unsure = [
            isinstance(side, ChartSide) and can_differ(side) for side in sides
        ]  # while helm still renders
        old = before.wait() if before else None
        new = after.wait() if after else None
        if old and new and old.crds == new.crds:
            new = replace(new, crds=old.crds)  # one text, which is then cut and read once
        return self._steady(_side(sides[0], old), _side(sides[1], new), unsure)

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
        if not second_before and not second_after:
            return before, after
        from policylint.helm.render.steady import UnsteadyRender, steady
        from policylint.kubernetes.api.schemas import minor_number

        minor = next(
            f"1.{minor_number(side.kube_version)}" for side in sides if isinstance(side, ChartSide)
        )
        old, new, found = steady(before.texts, after.texts, second_before, second_after, minor)
        said = UnsteadyRender(found) if found else None
        return replace(before, texts=old), replace(
            after, texts=new, notes=(*after.notes, *map(str, found)), unsteady=said
        )

    def _start(self, side: Side) -> Pending | None:
        return (
            self._renders.start(side)
            if self._renders is not None and isinstance(side, ChartSide)
            else None
        )


def _side(side: Side, made: Made | None) -> Rendered:
    """The texts of a side, of which a chart was made."""
    from policylint.kubernetes.manifests.reader import Text

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
