"""Render both sides one after the other, each over what the one before it left in the cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from msgspec import Struct
from msgspec.structs import replace

from policylint.errors import RenderError
from policylint.helm.engines.engine import Engine
from policylint.helm.engines.engine import Rendered as Made
from policylint.helm.engines.papercluster import Kind, Lookup, PaperCluster
from policylint.helm.engines.upgrade import lookups_of_templates, start_over
from policylint.helm.inputs.sides import ChartSide, ManifestSide, Side
from policylint.helm.render.double import can_differ
from policylint.helm.render.served import undecided
from policylint.helm.render.standing import (
    Standing,
    addresses,
    after_hooks,
    as_applied,
    read_objects,
)
from policylint.kubernetes.manifests.reader import Text
from policylint.model import Object
from policylint.runtime.patterns import pattern

_UNKNOWN_KIND = pattern(
    r"unable to get apiresource from unstructured: (?P<version>[^\s,]+), Kind=(?P<kind>\w+)"
)


class UpgradeRenders(Struct, frozen=True):
    """The renders of one upgrade; each `again` is a second render of the same, where it may differ.

    `before` is the before side as an upgrade of itself leaves it; `installed` as its install left
    it, where that is something else. Both are None where the before side is no chart. `standing` is
    the cluster that `after` was rendered over. `lookups` are what templates of the after side asked
    for beyond the release.
    """

    standing: Standing
    after: Made
    after_again: Made | None = None
    before: Made | None = None
    before_again: Made | None = None
    installed: Made | None = None
    installed_again: Made | None = None
    lookups: tuple[Lookup, ...] = ()
    undecided: tuple[str, ...] = ()
    """API versions that templates of either side ask for and that the cluster may serve or not."""


def render_upgrade(
    engine: Engine, before: Side, after: ChartSide, live: Sequence[Object] = ()
) -> UpgradeRenders:
    """Render `after` as the upgrade of `before`. Raises RenderError with helm's own words."""
    standing = empty_cluster(after, live)
    if isinstance(before, ChartSide):
        past = _before_of_chart(engine, before, standing)
    else:
        past = _Past(_before_of_manifests(standing, before))
    made, lookups = _render(engine, after, past.standing)
    made_again = _again(engine, after, past.standing)
    return UpgradeRenders(
        past.standing,
        made,
        made_again,
        past.last,
        past.last_again,
        past.installed,
        past.installed_again,
        lookups,
        undecided((before, after), past.standing),
    )


def empty_cluster(after: ChartSide, live: Sequence[Object]) -> Standing:
    """The cluster before the release is installed."""
    return Standing(
        after.release, after.namespace, after.kube_version, after.api_versions, live=tuple(live)
    )


class _Past(Struct, frozen=True):
    """The cluster before the upgrade, and the renders that left it so; as in `UpgradeRenders`."""

    standing: Standing
    last: Made | None = None
    last_again: Made | None = None
    installed: Made | None = None
    installed_again: Made | None = None


def _before_of_chart(engine: Engine, before: ChartSide, empty: Standing) -> _Past:
    """The before side installed, and upgraded once without a change.

    A chart that refuses that, as for want of the passwords that it made, was not upgraded yet.
    """
    with _saying_nothing_of_the_upgrade():
        installed, _ = _render(engine, before, empty)
        standing = _left(empty, installed, 1)
        settled = _upgraded(engine, before, standing)
        if settled is None:
            return _Past(standing, installed, _again(engine, before, empty))
        again = _again(engine, before, standing)
        left = _left(standing, settled, 2)
        if settled.text == installed.text:
            return _Past(left, settled, again)
        return _Past(left, settled, again, installed, _again(engine, before, empty))


def _again(engine: Engine, side: ChartSide, standing: Standing) -> Made | None:
    """A second render, None of what renders the same each time."""
    if can_differ(side):
        return _render(engine, side, standing)[0]
    return None


def _upgraded(engine: Engine, side: ChartSide, standing: Standing) -> Made | None:
    """The render of an upgrade, None where the chart refuses it for certain."""
    try:
        return _render(engine, side, standing)[0]
    except RenderError as error:
        if not error.certain:
            raise
        return None


def renderer_over(engine: Engine, standing: Standing) -> Callable[[ChartSide], Made]:
    """Renders sides as upgrades of what stands in a cluster; raises RenderError with helm's own
    words."""
    return lambda side: _render(engine, side, standing)[0]


@contextmanager
def _saying_nothing_of_the_upgrade() -> Iterator[None]:
    """What helm refuses of the before side is no certain failure of the after side."""
    try:
        yield
    except RenderError as error:
        error.certain = False
        raise


def _render(engine: Engine, side: ChartSide, standing: Standing) -> tuple[Made, tuple[Lookup, ...]]:
    """(the render, what its templates asked for in vain)."""
    with standing.cluster() as cluster:
        try:
            made = _over(engine, side, cluster)
        except RenderError as error:
            if lookups_of_templates(cluster, []):
                error.certain = False  # with another answer it may not fail
            raise
    manifest = read_objects([Text("render", made.text)], standing.namespace, standing.kubernetes)
    return made, lookups_of_templates(cluster, addresses(manifest))


def _over(engine: Engine, side: ChartSide, cluster: PaperCluster) -> Made:
    """One render; a kind that is looked up and that no cluster need have is served without any."""
    pending = start_over(engine, side, cluster)
    try:
        return pending.wait()
    except RenderError as error:
        unknown = _UNKNOWN_KIND.search(str(error))
        if unknown:
            kind = Kind(unknown["version"], unknown["kind"])
        else:
            kind = None
        if kind is None or cluster.serves(kind):
            raise
        cluster.serve([kind])
    finally:
        pending.cancel()
    return _over(engine, side, cluster)


def _left(standing: Standing, made: Made, revision: int) -> Standing:
    """The cluster after Helm applied a render."""
    texts = [Text("render", made.text), Text("crds/", made.crds)]
    return _holding(standing, texts, revision)


def _before_of_manifests(standing: Standing, before: Side) -> Standing:
    """The cluster of a before side that is manifests; an empty one where there is no before."""
    if not isinstance(before, ManifestSide):
        return standing
    texts = [Text(file, text) for file, text in before.text]
    revision = before.revision.number if before.revision else 1
    return _holding(standing, texts, revision)


def _holding(standing: Standing, texts: Sequence[Text], revision: int) -> Standing:
    manifest = read_objects(texts, standing.namespace, standing.kubernetes)
    objects = as_applied(manifest, standing.name, standing.namespace)
    definitions = (obj for obj in objects if obj.get("kind") == "CustomResourceDefinition")
    return replace(
        standing,
        revision=revision,
        objects=objects,
        hooks=after_hooks(standing.hooks, manifest, _events(standing.revision, revision)),
        definitions=tuple(definitions),
    )


def _events(since: int, revision: int) -> Iterator[str]:
    """The events of the revisions after one, up to another: the first of a release is its
    installation."""
    if since == 0:
        yield from ("pre-install", "post-install")
    if revision > max(since, 1):
        yield from ("pre-upgrade", "post-upgrade")
