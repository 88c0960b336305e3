"""Fleet: the `helm:` block of fleet.yaml, and HelmOp objects."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.errors import ReadError
from policylint.scan.declarations.declared import Declaration, Read, first, word
from policylint.scan.invocations.model import INLINE
from policylint.scan.invocations.settings import Setting, settings, strongest
from policylint.scan.texts.yaml import Spot, Tree, documents


def read(text: str, file: str) -> Iterator[Read]:
    """The release of a fleet.yaml: one, whatever its targets change."""
    for root in documents(text, file):
        if isinstance(root, ReadError):
            yield root
            continue
        helm = root.get("helm")
        if helm is not None and (helm.mapping or helm.dynamic):
            yield _declaration(root, helm.spot)
        elif any(_customized(root)):  # the chart stands beside the file
            yield _declaration(root, root.spot)


def _customized(root: Tree) -> Iterator[Tree]:
    """The targets that change the helm block for some clusters."""
    listed = root.get("targetCustomizations")
    for item in listed.items() if listed else ():
        helm = item.get("helm")
        if helm is not None and helm.mapping:
            yield item


def _settings(root: Tree) -> dict[str, Setting]:
    """The settings for all clusters; what only some targets set is unknown."""
    own = strongest(settings(root, "fleet"))
    some = {each.flag for target in _customized(root) for each in settings(target, "fleet")}
    return {**{flag: Setting(flag, "unknown") for flag in some}, **own}


def read_object(root: Tree) -> Declaration | None:
    """The release that a HelmOp declares; None for any other object."""
    spec = root.get("spec")
    if root.string("kind") != "HelmOp" or spec is None or spec.get("helm") is None:
        return None
    return _declaration(spec, root.spot)


def _declaration(root: Tree, spot: Spot) -> Declaration:
    helm = root.get("helm")
    return Declaration(
        tool="fleet",
        spot=spot,
        release=word(root.get("helm", "releaseName")),
        chart=word(root.get("helm", "chart")),
        version=word(root.get("helm", "version")),
        namespace=first(word(root.get("namespace")), word(root.get("defaultNamespace"))),
        settings=_settings(root),
        values=tuple(_values(root)),
        hidden=root.open or bool(helm and helm.open),
    )


def _values(root: Tree) -> Iterator[str]:
    for name in ("valuesFiles", "valuesFrom"):
        found = root.get("helm", name)
        yield from (item.text or name for item in found.items()) if found else ()
    yield from (INLINE for name in ("values", "templateValues") if root.get("helm", name))
