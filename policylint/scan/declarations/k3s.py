"""k3s and RKE2: HelmChart of helm.cattle.io (a HelmChartConfig changes a chart declared elsewhere
and is none)."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.scan.declarations.declared import Declaration, word
from policylint.scan.invocations.model import INLINE
from policylint.scan.invocations.settings import settings, strongest
from policylint.scan.texts.yaml import Tree


def _values(root: Tree) -> Iterator[str]:
    secrets = root.get("spec", "valuesSecrets")
    yield from (item.string("name") or INLINE for item in secrets.items()) if secrets else ()
    yield from (INLINE for name in ("values", "valuesContent") if root.get("spec", name))


def read(root: Tree) -> Declaration | None:
    """The release that a HelmChart declares; None for any other object."""
    if root.string("kind") != "HelmChart" or not (root.string("apiVersion") or "").startswith(
        "helm.cattle.io/"
    ):
        return None
    spec = root.get("spec")
    given = root.get("spec", "set")
    return Declaration(
        tool="k3s",
        spot=root.spot,
        release=word(root.get("metadata", "name")),
        chart=word(root.get("spec", "chart")),
        version=word(root.get("spec", "version")),
        namespace=word(root.get("spec", "targetNamespace")),
        settings=strongest(settings(root, "k3s")),
        values=tuple(_values(root)),
        sets=tuple(name for name, _ in given.pairs()) if given else (),
        hidden=root.open or bool(spec and spec.open),
    )
