"""Crossplane: Release of provider-helm, cluster-scoped (helm.crossplane.io) and namespaced
(helm.m.crossplane.io)."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.scan.declarations.declared import Declaration, Word, first, word
from policylint.scan.invocations.model import INLINE
from policylint.scan.invocations.settings import settings, strongest
from policylint.scan.texts.yaml import Tree

_EXTERNAL = "crossplane.io/external-name"
"""The annotation that names the release where it is not called as the object."""


def read(root: Tree) -> Declaration | None:
    """The release that a Release declares; None for any other object."""
    api = root.string("apiVersion") or ""
    if root.string("kind") != "Release" or not api.startswith(
        ("helm.crossplane.io/", "helm.m.crossplane.io/")
    ):
        return None
    given = root.get("spec", "forProvider")
    spec = root.get("spec")
    return Declaration(
        tool="crossplane",
        spot=root.spot,
        release=first(
            word(root.get("metadata", "annotations", _EXTERNAL)), word(root.get("metadata", "name"))
        ),
        chart=first(word(given.get("chart", "name")), word(given.get("chart", "url")))
        if given
        else Word(),
        version=word(given.get("chart", "version")) if given else Word(),
        namespace=word(given.get("namespace")) if given else Word(),
        settings=strongest(settings(root, "crossplane")),
        values=tuple(_values(given)) if given else (),
        sets=tuple(item.string("name") or "" for item in _items(given, "set")),
        hidden=any(each is not None and each.open for each in (root, spec, given)),
    )


def _items(given: Tree | None, name: str) -> Iterator[Tree]:
    found = given.get(name) if given else None
    yield from found.items() if found else ()


def _values(given: Tree) -> Iterator[str]:
    for item in _items(given, "valuesFrom"):
        for kind in ("configMapKeyRef", "secretKeyRef"):
            if item.get(kind):
                yield f"{kind}/{item.string(kind, 'name')}"
    if given.get("values"):
        yield INLINE
