"""Rancher: ManagedChart of management.cattle.io, which Rancher turns into a bundle of Fleet."""

from __future__ import annotations

from policylint.scan.declarations.declared import Declaration, first, word
from policylint.scan.invocations.model import INLINE
from policylint.scan.invocations.settings import settings, strongest
from policylint.scan.texts.yaml import Tree


def read(root: Tree) -> Declaration | None:
    """The release that a ManagedChart declares; None for any other object."""
    if root.string("kind") != "ManagedChart":
        return None
    if not (root.string("apiVersion") or "").startswith("management.cattle.io/"):
        return None
    spec = root.get("spec")
    return Declaration(
        tool="rancher",
        spot=root.spot,
        release=first(word(root.get("spec", "releaseName")), word(root.get("metadata", "name"))),
        chart=word(root.get("spec", "chart")),
        version=word(root.get("spec", "version")),
        namespace=first(
            word(root.get("spec", "namespace")), word(root.get("spec", "defaultNamespace"))
        ),
        settings=strongest(settings(root, "rancher")),
        values=(INLINE,) if root.get("spec", "values") else (),
        hidden=root.open or bool(spec and spec.open),
    )
