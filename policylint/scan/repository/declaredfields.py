"""The fields of the objects that declare Helm releases, and those that a declaration has beside
them.

data/declared-fields.json is made by scripts/make_declared_fields.py from the
CustomResourceDefinitions.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from typing import Any

from policylint.runtime.resources import data
from policylint.scan.invocations.advice import declared_text
from policylint.scan.invocations.model import Invocation
from policylint.scan.texts.yaml import Tree, documents

Known = Mapping[str, Any]
_BEFORE = frozenset({"valuesFile", "patchesJson6902", "patchesStrategicMerge"})
"""Fields of HelmRelease v2beta1 and v2beta2 that v2 dropped (api/v2beta*/helmrelease_types.go)."""


@functools.cache
def _tables() -> Mapping[str, Known]:
    kinds: Mapping[str, Known] = json.loads(data("declared-fields.json"))
    return kinds


def declared(invocation: Invocation) -> Tree | None:
    """The declaration as a tree; None where it is no YAML of its own or cannot be read again."""
    span = invocation.span
    if span is None or invocation.syntax != "yaml" or span.column != 1:
        return None
    root = next(
        documents(declared_text(invocation), invocation.file, span.line - 1, span.column - 1), None
    )
    if isinstance(root, Tree):
        return root
    return None


def unknown_fields(root: Tree) -> Iterator[tuple[tuple[str, ...], Tree, tuple[str, ...]]]:
    """Each field below spec that its kind does not have: its path, the field, and the names known
    there."""
    api, kind = root.string("apiVersion") or "", root.string("kind") or ""
    spec: Tree | None = root.get("spec")
    if kind == "ApplicationSet":
        kind, spec = "Application", root.get("spec", "template", "spec")
    known = _tables().get(f"{api.partition('/')[0]}/{kind}")
    if known is not None and spec is not None:
        older = _BEFORE if "/v2beta" in api else frozenset[str]()
        yield from _beside(spec, known, older, ("spec",))


def _beside(at: Tree, known: Known, older: frozenset[str], path: tuple[str, ...]) -> Iterator[Any]:
    for index, item in enumerate(at.items()):
        yield from _beside(item, known, older, (*path, str(index)))
    for name, value in at.pairs():
        here = (*path, name)
        if name in known:
            below = known[name]
            if below is not None:
                yield from _beside(value, below, older, here)
        elif (
            name not in older and name.isascii() and name.isidentifier()
        ):  # a template's key is none
            yield here, value, tuple(known)


def automated(invocation: Invocation) -> Tree | None:
    """The automated sync of an Argo CD Application, or of an ApplicationSet's template; None where
    it is off."""
    if invocation.tool == "argocd":
        root = declared(invocation)
    else:
        root = None
    if root is None:
        return None
    policy = root.get("spec", "template", "spec", "syncPolicy") or root.get("spec", "syncPolicy")
    sync = policy.get("automated") if policy else None
    enabled = sync.get("enabled") if sync else None
    if enabled and enabled.boolean is False:
        return None
    return sync
