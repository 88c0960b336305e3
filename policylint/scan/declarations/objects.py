"""One Kubernetes object -> the releases that it declares."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.scan.declarations import argocd, fleet, flux, rows
from policylint.scan.declarations.declared import Declaration
from policylint.scan.texts.yaml import Tree


def declarations(root: Tree, known: flux.Sources) -> Iterator[Declaration]:
    """What one object declares; `known` are the chart sources it may name."""
    release = flux.read(root, known) or fleet.read_object(root) or rows.read_object(root)
    if release is not None:
        yield release
    yield from argocd.read(root)
