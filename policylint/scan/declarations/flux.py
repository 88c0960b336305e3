"""Flux: HelmRelease of helm.toolkit.fluxcd.io (v2, v2beta1, v2beta2) and of the first Flux
(helm.fluxcd.io/v1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from policylint.scan.declarations.declared import Declaration, Word, first, word
from policylint.scan.declarations.rows import inline, values
from policylint.scan.invocations.settings import Setting, settings, strongest
from policylint.scan.texts.yaml import Tree

Sources = Mapping[tuple[str, str | None, str | None], Tree]
"""Objects that a chartRef may name, by (kind, namespace, name)."""


def sources(roots: Iterable[Tree]) -> Sources:
    """The chart sources among these objects."""
    return {
        (kind, root.string("metadata", "namespace"), root.string("metadata", "name")): root
        for root in roots
        if (kind := root.string("kind") or "") in ("OCIRepository", "HelmChart")
        and (root.string("apiVersion") or "").startswith("source.toolkit.fluxcd.io/")
    }


def read(root: Tree, known: Sources) -> Declaration | None:
    """The release that a HelmRelease declares; None for any other object."""
    api = root.string("apiVersion") or ""
    if root.string("kind") != "HelmRelease":
        return None
    if api.startswith("helm.toolkit.fluxcd.io/"):
        return _release(root, known)
    if api.startswith(("helm.fluxcd.io/", "flux.weave.works/")):
        return _first_flux(root)
    return None


def _release(root: Tree, known: Sources) -> Declaration:
    namespace = first(
        word(root.get("spec", "targetNamespace")), word(root.get("metadata", "namespace"))
    )
    chart, version = _chart(root, known)
    spec = root.get("spec")
    patch = not any(root.get("spec", *path) for path in (("chart", "spec", "chart"), ("chartRef",)))
    return Declaration(
        tool="flux",
        place=root.place,
        release=_name(root),
        chart=chart,
        version=version,
        namespace=namespace,
        settings=release_settings(root),
        values=values("flux", root),
        inline=inline("flux", root),
        hidden=patch or root.open or bool(spec and spec.open),
    )


def release_settings(root: Tree) -> Mapping[str, Setting]:
    """Helm's flags as a HelmRelease, or a patch of one, sets them."""
    return strongest([*settings(root, "flux"), *_remediation(root)])


def _name(root: Tree) -> Word:
    """`[targetNamespace-]name`, as the controller composes it when no releaseName is given."""
    name = word(root.get("spec", "releaseName"))
    if name.text or name.dynamic:
        return name
    parts = [word(root.get("spec", "targetNamespace")), word(root.get("metadata", "name"))]
    if any(part.dynamic for part in parts):
        return Word(None, True)
    return Word("-".join(part.text for part in parts if part.text) or None)


def _chart(root: Tree, known: Sources) -> tuple[Word, Word]:
    inline = root.get("spec", "chart", "spec")
    if inline:
        return word(inline.get("chart")), word(inline.get("version"))
    ref = root.get("spec", "chartRef")
    if ref:
        source = _source(ref, root.string("metadata", "namespace"), known)
    else:
        source = None
    if ref is None or source is None:
        elsewhere = Word(None, ref is not None)
        return elsewhere, elsewhere
    if source.string("kind") == "HelmChart":
        return word(source.get("spec", "chart")), word(source.get("spec", "version"))
    names = ("digest", "semver", "tag")  # as source-controller prefers them
    version = first(*(word(source.get("spec", "ref", name)) for name in names))
    return word(source.get("spec", "url")), version


def _source(ref: Tree, namespace: str | None, known: Sources) -> Tree | None:
    """The object that a chartRef names; without namespaces in the files, the only one of that
    name."""
    kind, name = ref.string("kind") or "", ref.string("name")
    exact = known.get((kind, ref.string("namespace") or namespace, name))
    named = [
        tree for (a_kind, _, a_name), tree in known.items() if (a_kind, a_name) == (kind, name)
    ]
    return exact or (named[0] if len(named) == 1 else None)


def _remediation(root: Tree) -> Iterator[Setting]:
    """A failed upgrade is rolled back when remediation is asked for: retries, or the last failure
    by itself."""
    upgrade = root.get("spec", "upgrade")
    if upgrade is None:
        return
    strategy, remediation = upgrade.get("strategy"), upgrade.get("remediation")
    if strategy and strategy.string("name") == "RetryOnFailure":
        # the failed release stays while it is tried again
        yield Setting("atomic", "unset", False, strategy.place, strategy.name)
    elif remediation is not None:
        yield from _remedied(root, remediation)
    elif upgrade.open or upgrade.dynamic:
        yield Setting("atomic", "unknown")


def _remedied(root: Tree, remediation: Tree) -> Iterator[Setting]:
    """What a `remediation:` block means for atomic; an empty one means nothing."""
    names = ("retries", "remediateLastFailure", "strategy")
    retries, last, strategy = (remediation.get(name) for name in names)
    written = list(filter(None, (retries, last, strategy)))
    place, name = remediation.place, remediation.name
    depends = any(tree.dynamic or tree.sometimes(root) for tree in written)
    if depends or remediation.open or remediation.dynamic:
        yield Setting("atomic", "unknown", None, place, name)
    elif written:
        if _rolls_back(retries, last, strategy):
            yield Setting("atomic", "set", True, place, name)
        else:
            yield Setting("atomic", "unset", False, place, name)


def _rolls_back(retries: Tree | None, last: Tree | None, strategy: Tree | None) -> bool:
    if strategy and strategy.text == "uninstall":
        return False
    if last and last.boolean is not None:
        return last.boolean
    return bool(retries and retries.text not in (None, "0"))


def _first_flux(root: Tree) -> Declaration:
    """The HelmRelease of the Helm Operator, whose release is called `namespace-name` unless it says
    otherwise."""
    home = word(root.get("metadata", "namespace"))
    namespace = first(word(root.get("spec", "targetNamespace")), home)
    chart = root.get("spec", "chart")
    name = word(root.get("metadata", "name"))
    release_name = word(root.get("spec", "releaseName"))
    if home != namespace:
        parts = [home, namespace]
    else:
        parts = [namespace]
    composed = "-".join(part.text or "default" for part in [*parts, name])
    unsure = any(part.dynamic for part in [*parts, name])
    return Declaration(
        tool="flux",
        place=root.place,
        release=release_name
        if release_name.text or release_name.dynamic
        else Word(None if unsure else composed, unsure),
        chart=first(word(chart.get("name")), word(chart.get("path"))) if chart else Word(),
        version=first(word(chart.get("version")), word(chart.get("ref"))) if chart else Word(),
        namespace=namespace,
        settings=strongest(settings(root, "flux-v1")),
        values=values("flux-v1", root),
        inline=inline("flux-v1", root),
        hidden=root.open,
    )
