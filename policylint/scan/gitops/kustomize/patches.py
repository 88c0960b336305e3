"""Patches of kustomizations on objects of kinds without a schema: strategic merge and JSON 6902.

Kustomize merges a custom resource as RFC 7386 has it (maps merge, lists replace, null removes) and
knows the directives `$patch: delete`, `$patch: replace` and `$patch: merge`; measured with
kustomize v5.8.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from policylint.errors import ReadError
from policylint.kyaml.load import load, parse, split
from policylint.model import Json
from policylint.runtime import linear
from policylint.scan.gitops.tree import Item, mapping, string

_DIRECTIVE = "$patch"


class PatchError(Exception):
    """A patch that kustomize refuses, or that is not understood here."""


def merged(target: Json, patch: Json) -> Json:
    """A strategic merge patch on a value without a schema."""
    if not isinstance(patch, dict):
        return patch
    directive = patch.get(_DIRECTIVE)
    if directive == "replace" or not isinstance(target, dict):
        return _plain(patch)
    result = dict(target)
    for key, value in patch.items():
        if key == _DIRECTIVE:
            continue
        if value is None or _is_delete(value):
            result.pop(key, None)
        elif key in result:
            result[key] = merged(result[key], value)
        else:
            result[key] = _plain(value)
    return result


def _is_delete(value: Json) -> bool:
    return isinstance(value, dict) and value.get(_DIRECTIVE) == "delete"


def _plain(value: Json) -> Json:
    """A patch as a value of its own: without directives and without what it would remove."""
    if not isinstance(value, dict):
        return value
    kept = {key: entry for key, entry in value.items() if key != _DIRECTIVE}
    return {
        key: _plain(entry)
        for key, entry in kept.items()
        if entry is not None and not _is_delete(entry)
    }


def applied(body: dict[str, Json], operations: Iterable[Json]) -> dict[str, Json]:
    """RFC 6902 operations on a copy of the object; raises PatchError where one cannot be done."""
    import jsonpatch
    import jsonpointer

    try:
        patch = jsonpatch.JsonPatch(_operations(operations))
        result: dict[str, Json] = patch.apply(body)
    except (
        jsonpatch.JsonPatchException,
        jsonpointer.JsonPointerException,
        TypeError,
        KeyError,
    ) as error:
        raise PatchError(f"a JSON patch cannot be applied: {error}") from None
    return result


def _operations(operations: Iterable[Json]) -> list[dict[str, Any]]:
    listed = [entry for entry in operations if isinstance(entry, dict)]
    if any(entry.get("op") == "move" or "path" not in entry for entry in listed):
        raise PatchError("a JSON patch with operations that are not understood")
    return listed


def operations_of(text: str) -> list[Json] | None:
    """The operations of a JSON 6902 patch, None where the text is a strategic merge patch."""
    try:
        body = load(text, "patch")
    except ReadError:
        return None
    if isinstance(body, list):
        return body
    return None


def bodies_of(text: str) -> list[dict[str, Json]]:
    """The objects of a strategic merge patch; raises PatchError where it is none."""
    try:
        bodies = [parse(document.text, "patch") for document in split(text, "patch")]
    except ReadError as error:
        raise PatchError(f"a patch cannot be read: {error}") from None
    if not all(isinstance(body, dict) for body in bodies):
        raise PatchError("a patch that is no mapping")
    return [body for body in bodies if isinstance(body, dict)]


def selects(selector: Mapping[str, Json], item: Item) -> bool:
    """Whether a patch's target selects an object: expressions are anchored on both ends."""
    group, _, version = item.api.rpartition("/")
    fields = {
        "group": group,
        "version": version,
        "kind": item.kind,
        "name": item.name,
        "namespace": item.namespace,
    }
    return all(_matches(selector.get(name), text) for name, text in fields.items()) and all(
        _labelled(selector.get(f"{name}Selector"), mapping(item.body, "metadata", f"{name}s"))
        for name in ("label", "annotation")
    )


def _matches(wanted: Json, text: str) -> bool:
    if not isinstance(wanted, str) or not wanted:
        return True
    if _WORD.fullmatch(wanted):
        return wanted == text
    matches = linear.search(f"^(?:{wanted})$", text)
    if matches is None:
        raise PatchError(f"a patch target that is no expression: {wanted}")
    return matches


_WORD = re.compile(r"[\w-]+")
_REQUIREMENT = re.compile(
    r"(?P<not>!)?(?P<name>[\w./-]+)"
    r"(?:\s*(?P<operator>==|=|!=)\s*(?P<value>[\w.-]*)|\s+(?P<in>in|notin)\s*\((?P<set>[^)]*)\))?\Z"
)


def _labelled(selector: Json, labels: Mapping[str, Json]) -> bool:
    """Whether labels satisfy a selector as kubectl writes them."""
    if not isinstance(selector, str) or not selector.strip():
        return True
    if len(selector) > 2000:
        raise PatchError("a selector that is too long")
    terms = re.split(r",(?![^(]*\))", selector)
    return all(_term(term.strip(), labels) for term in terms)


def _term(term: str, labels: Mapping[str, Json]) -> bool:
    match = _REQUIREMENT.match(term)
    if match is None:
        raise PatchError(f"a selector that is not understood: {term}")
    label = labels.get(match["name"])
    if match["operator"]:
        return (label == match["value"]) != (match["operator"] == "!=")
    if match["in"]:
        listed = {entry.strip() for entry in match["set"].split(",")}
        return (label in listed) == (match["in"] == "in")
    if match["not"]:
        return label is None
    return label is not None


def same_object(patch: Mapping[str, Json], item: Item) -> bool:
    """Whether a strategic merge patch without a target names an object."""
    namespace = string(dict(patch), "metadata", "namespace")
    return (
        string(dict(patch), "kind") == item.kind
        and string(dict(patch), "apiVersion").rpartition("/")[0] == item.group
        and string(dict(patch), "metadata", "name") == item.name
        and namespace in ("", item.namespace)
    )
