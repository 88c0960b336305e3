"""The texts of both sides: waited for, rendered over a cluster where templates ask one, and without
what differs from render to render."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from policylint.errors import RenderError, SourceError
from policylint.helm.engines.engine import Engine
from policylint.helm.engines.engine import Rendered as Made
from policylint.helm.engines.papercluster import Lookup
from policylint.helm.inputs.sides import ChartSide, ManifestSide, Side
from policylint.helm.render.double import can_differ
from policylint.helm.render.rendering import Rendering
from policylint.helm.render.served import clusters, tell_what_is_served, undecided
from policylint.helm.render.steady import UnsteadyRender, steady
from policylint.helm.render.upgrade import (
    UpgradeRenders,
    empty_cluster,
    render_upgrade,
    renderer_over,
)
from policylint.kubernetes.api.schemas import minor_number
from policylint.kubernetes.manifests.reader import Text
from policylint.kyaml.load import has_content
from policylint.model import Object

_WHEN_INSTALLED = "where the release was installed and never upgraded since"
_WHEN_RANDOM = "because the value is made anew at every render"


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
    def has_text(self) -> bool:
        """Whether any of the texts holds more than blanks and comments."""
        return any(has_content(text.text) for text in self.texts)


class Alternative(Struct, frozen=True):
    """Another pair that may be the one that runs, and when it is."""

    before: tuple[Text, ...] = ()
    after: tuple[Text, ...] = ()
    when: str = ""
    supposes: tuple[str, ...] = ()
    """The API versions that a cluster of this pair serves: such a pair counts by its verdict."""
    refused: bool = False
    """Whether helm refuses to render the pair."""


def both_sides(rendering: Rendering) -> tuple[Rendered, Rendered]:
    """Both sides. Raises `RenderError` with helm's own words; it is `certain` where the after
    side is the one that helm refuses."""
    sides = (rendering.plan.before, rendering.plan.after)
    if isinstance(sides[1], ChartSide) and rendering.asks:
        return _over_a_cluster(rendering, sides[0], sides[1])
    unsure = [isinstance(side, ChartSide) and can_differ(side) for side in sides]
    old, new = _both(rendering)
    if old and new and old.crds == new.crds:
        new = replace(new, crds=old.crds)  # one text, which is then cut and read once
    return _steady(rendering, _side(sides[0], old), _side(sides[1], new), unsure)


def _both(rendering: Rendering) -> tuple[Made | None, Made | None]:
    """Both renders; what helm refuses of the after side is said before the other one's."""
    before, after = rendering.pending
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
    return (new if rendering.alike else old), new


def _over_a_cluster(
    rendering: Rendering, before: Side, after: ChartSide
) -> tuple[Rendered, Rendered]:
    """Both sides, the after side over what the before side left in the cluster."""
    if rendering.engine is None:
        raise SourceError("no engine renders here", remedy="name a helm with --helm")
    live = rendering.plan.live()
    try:
        renders = render_upgrade(rendering.engine, before, after, live)
    except RenderError as error:
        _decide_by_cluster(error, rendering.engine, before, after, live)
        raise
    rendering.standing = renders.standing
    old, new = _pair(before, after, renders)
    elsewhere = _other_clusters(rendering.engine, before, after, live, renders)
    new = replace(new, lookups=renders.lookups, alternatives=(*new.alternatives, *elsewhere))
    if renders.installed is None:
        return old, new
    first = _side(before, renders.installed)
    second = _text(renders.installed_again), _text(renders.after_again)
    first, after_first = _levelled(after.kube_version, first, new, *second)
    alternative = Alternative(first.texts, after_first.texts, _WHEN_INSTALLED)
    return old, replace(new, alternatives=(*new.alternatives, alternative))


def _pair(before: Side, after: ChartSide, renders: UpgradeRenders) -> tuple[Rendered, Rendered]:
    old, new = _side(before, renders.before), _side(after, renders.after)
    again = _text(renders.before_again), _text(renders.after_again)
    return _levelled(after.kube_version, old, new, *again)


def _text(made: Made | None) -> str:
    return made.text if made else ""


def _other_clusters(
    engine: Engine,
    before: Side,
    after: ChartSide,
    live: Sequence[Object],
    renders: UpgradeRenders,
) -> Iterator[Alternative]:
    """The pairs of clusters that serve what templates ask for and nobody here knows, where they
    are other pairs."""
    texts = _texts_of(renders)
    for words in clusters(renders.undecided):
        side = replace(after, api_versions=(*after.api_versions, *words))
        try:
            rendered = render_upgrade(engine, before, side, live)
        except RenderError:
            yield Alternative(supposes=words, refused=True)
            continue
        if _texts_of(rendered) != texts:
            old, new = _pair(before, side, rendered)
            yield Alternative(old.texts, new.texts, supposes=words)


def _texts_of(renders: UpgradeRenders) -> tuple[str, str]:
    return _text(renders.before), renders.after.text


def _decide_by_cluster(
    error: RenderError, engine: Engine, before: Side, after: ChartSide, live: Sequence[Object]
) -> None:
    """A failure that another cluster does not see is not certain, and the remedy is to tell of
    the cluster."""
    for words in clusters(undecided((before, after), empty_cluster(after, live))):
        side = replace(after, api_versions=(*after.api_versions, *words))
        try:
            render_upgrade(engine, before, side, live)
        except RenderError:
            continue
        error.certain = False
        error.remedy = tell_what_is_served(words)
        return


def renderer(rendering: Rendering) -> Callable[[ChartSide], tuple[Text, ...]]:
    """Renders other after sides of an upgrade that has been rendered, by the same engine; raises
    what that raises."""
    engine = rendering.engine
    if engine is None or not isinstance(rendering.plan.after, ChartSide):
        raise SourceError("no chart is rendered here", remedy="name a chart as the after side")
    render: Callable[[ChartSide], Made] = engine.render
    if rendering.standing is not None:
        render = renderer_over(engine, rendering.standing)
    return lambda side: _side(side, render(side)).texts


def _steady(
    rendering: Rendering, before: Rendered, after: Rendered, unsure: Sequence[bool]
) -> tuple[Rendered, Rendered]:
    """Both sides without what differs from render to render, found by a second render where
    that can be."""
    nothing_differs = before.texts == after.texts or not before.texts or not after.texts
    if nothing_differs or not any(unsure):
        return before, after
    sides = (rendering.plan.before, rendering.plan.after)
    second_before, second_after = _second_texts(rendering, sides, unsure)
    version = next(side.kube_version for side in sides if isinstance(side, ChartSide))
    return _levelled(version, before, after, second_before, second_after)


def _second_texts(rendering: Rendering, sides: Sequence[Side], unsure: Sequence[bool]) -> list[str]:
    """The text of another render of each side that may differ from render to render, "" for the
    rest."""
    pending = [
        rendering.start(side) if may_differ else None  # all are started before one is waited for
        for side, may_differ in zip(sides, unsure, strict=True)
    ]
    return [render.wait().text if render else "" for render in pending]


def _levelled(
    kubernetes: str, before: Rendered, after: Rendered, second_before: str, second_after: str
) -> tuple[Rendered, Rendered]:
    """Both sides with equal values where a second render of one differs; as they were, they
    are an alternative."""
    if not second_before and not second_after:
        return before, after
    minor = f"1.{minor_number(kubernetes)}"
    old, new, places = steady(before.texts, after.texts, second_before, second_after, minor)
    if not places:
        return before, after
    alternative = Alternative(before.texts, after.texts, _WHEN_RANDOM)
    unsteady = UnsteadyRender(places)
    return replace(before, texts=old), replace(
        after,
        texts=new,
        notes=(*after.notes, str(unsteady)),
        unsteady=unsteady,
        alternatives=(alternative,),
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
