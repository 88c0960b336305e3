"""Fleet: the `helm:` block of fleet.yaml, and HelmOp objects."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from policylint.errors import ReadError
from policylint.scan.declarations.declared import Declaration, Read
from policylint.scan.declarations.rows import declaration
from policylint.scan.invocations.settings import Setting, settings, strongest
from policylint.scan.texts.source import Place
from policylint.scan.texts.yaml import Tree, documents


def read(text: str, file: str) -> Iterator[Read]:
    """The release of a fleet.yaml: one, whatever its targets change."""
    for root in documents(text, file):
        if isinstance(root, ReadError):
            yield root
            continue
        helm = root.get("helm")
        if helm is not None and (helm.mapping or helm.dynamic):
            yield _declaration(root, helm.place)
        elif any(_customized(root)):  # the chart stands beside the file
            yield _declaration(root, root.place)


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
    merged = dict(own)
    for target in _customized(root):
        for setting in settings(target, "fleet"):
            merged.setdefault(setting.flag, Setting(setting.flag, "unknown"))
    return merged


def read_object(root: Tree) -> Declaration | None:
    """The release that a HelmOp declares; None for any other object."""
    spec = root.get("spec")
    if root.string("kind") != "HelmOp" or spec is None or spec.get("helm") is None:
        return None
    return _declaration(spec, root.place)


def _declaration(root: Tree, place: Place) -> Declaration:
    return replace(declaration("fleet", root, place), settings=_settings(root))
