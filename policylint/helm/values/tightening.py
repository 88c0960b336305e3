"""How a chart's values.schema.json became stricter: what was valid before and no longer need be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from policylint.helm.values.schema import MAX_DEPTH, Path, resolve

_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")


class Tightening(Struct, frozen=True):
    """One place where the new schema allows less."""

    path: Path
    message: str


def tightenings(before: Any, after: Any) -> list[Tightening]:
    """Where a schema allows less than it did, by key path; only what both sides say in the same way
    is compared."""
    return list(dict.fromkeys(_compare(before, after, (before, after), (), 0)))


def _compare(
    before: Any, after: Any, roots: tuple[Any, Any], path: Path, depth: int
) -> Iterator[Tightening]:
    old, new = _plain(before, roots[0]), _plain(after, roots[1])
    if depth > MAX_DEPTH:
        return
    yield from _types(old, new, path)
    yield from _choices(old, new, path)
    yield from _bounds(old, new, path)
    for name in sorted(set(new.get("required") or []) - set(old.get("required") or [])):
        yield Tightening((*path, name), "is required now")
    if (
        new.get("additionalProperties") is False
        and old.get("additionalProperties", True) is not False
    ):
        yield Tightening(path, "allows no other keys now")
    yield from _children(old, new, roots, path, depth)


def _children(
    old: Mapping[str, Any], new: Mapping[str, Any], roots: tuple[Any, Any], path: Path, depth: int
) -> Iterator[Tightening]:
    before, after = old.get("properties") or {}, new.get("properties") or {}
    for name in before:
        if name in after:
            yield from _compare(before[name], after[name], roots, (*path, name), depth + 1)
        elif new.get("additionalProperties") is False:
            yield Tightening((*path, name), "is not allowed any more")
    if isinstance(old.get("items"), Mapping) and isinstance(new.get("items"), Mapping):
        yield from _compare(old["items"], new["items"], roots, (*path, "*"), depth + 1)


def _plain(schema: Any, root: Any) -> Mapping[str, Any]:
    for _ in range(MAX_DEPTH):
        if not isinstance(schema, Mapping) or "$ref" not in schema:
            break
        schema = resolve(schema["$ref"], root)
    if isinstance(schema, Mapping):
        return schema
    return {}


def _types(old: Mapping[str, Any], new: Mapping[str, Any], path: Path) -> Iterator[Tightening]:
    wanted = _as_set(new.get("type"))
    allowed = _as_set(old.get("type"))
    if not wanted:
        return
    lost = {kind for kind in allowed - wanted if not (kind == "integer" and "number" in wanted)}
    if lost or not allowed:
        now = " or ".join(sorted(wanted))
        was = " or ".join(sorted(allowed)) or "of any type"
        yield Tightening(path, f"must be {now} now, was {was}")


def _choices(old: Mapping[str, Any], new: Mapping[str, Any], path: Path) -> Iterator[Tightening]:
    if "enum" in new:
        lost = [item for item in old.get("enum", []) if item not in new["enum"]]
        if lost or "enum" not in old:
            yield Tightening(path, "allows fewer values now")
    if "const" in new and old.get("const") != new["const"]:
        yield Tightening(path, "must have one fixed value now")
    if "pattern" in new and old.get("pattern") != new["pattern"]:
        yield Tightening(path, f"must match {new['pattern']} now")


def _bounds(old: Mapping[str, Any], new: Mapping[str, Any], path: Path) -> Iterator[Tightening]:
    for keyword in (*_LOWER, *_UPPER):
        now, was = new.get(keyword), old.get(keyword)
        if not isinstance(now, int | float) or isinstance(now, bool):
            continue
        stricter = was is None or (now > was if keyword in _LOWER else now < was)
        if stricter:
            yield Tightening(path, f"has {keyword} {now} now")


def _as_set(kinds: Any) -> set[str]:
    if kinds is None:
        return set()
    if isinstance(kinds, list):
        return set(kinds)
    return {str(kinds)}
