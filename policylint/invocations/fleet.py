"""Fleet: the `helm:` block of fleet.yaml, and HelmOp objects."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.errors import ReadError
from policylint.invocations.declared import INLINE, Declaration, first, settings, strongest, word
from policylint.invocations.tree import Tree, documents


def read(text: str, file: str) -> Iterator[Declaration | ReadError]:
    """The release of a fleet.yaml."""
    if "helm:" not in text:
        return
    for root in documents(text, file):
        if isinstance(root, ReadError):
            yield root
            continue
        helm = root.get("helm")
        if helm is not None and (helm.mapping or helm.dynamic):
            yield _declaration(root, (helm.line, helm.column), file)


def read_object(root: Tree, file: str) -> Declaration | None:
    """The release that a HelmOp declares; None for any other object."""
    spec = root.get("spec")
    if root.string("kind") != "HelmOp" or spec is None or spec.get("helm") is None:
        return None
    return _declaration(spec, (root.line, root.column), file)


def _declaration(root: Tree, place: tuple[int, int], file: str) -> Declaration:
    helm = root.get("helm")
    return Declaration(
        tool="fleet",
        file=file,
        line=place[0],
        column=place[1],
        release=word(root.get("helm", "releaseName")),
        chart=word(root.get("helm", "chart")),
        version=word(root.get("helm", "version")),
        namespace=first(word(root.get("namespace")), word(root.get("defaultNamespace"))),
        settings=strongest(settings(root, "fleet")),
        values=tuple(_values(root)),
        hidden=root.open or bool(helm and helm.open),
    )


def _values(root: Tree) -> Iterator[str]:
    for name in ("valuesFiles", "valuesFrom"):
        found = root.get("helm", name)
        yield from (item.text or name for item in found.items()) if found else ()
    if root.get("helm", "values"):
        yield INLINE
