"""One Kubernetes object -> the releases that it declares."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.scan.declarations import argocd, crossplane, fleet, flux, k3s, rancher
from policylint.scan.declarations.declared import Declaration
from policylint.scan.texts.yaml import Tree

_KINDS = (k3s.read, fleet.read_object, crossplane.read, rancher.read)


def declarations(root: Tree, known: flux.Sources) -> Iterator[Declaration]:
    """What one object declares; `known` are the chart sources it may name."""
    one = flux.read(root, known) or next((found for read in _KINDS if (found := read(root))), None)
    yield from (one,) if one else ()
    yield from argocd.read(root)
