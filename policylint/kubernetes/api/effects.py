"""Fields whose change has a known effect on what runs: the rows of `policylint/data/effects.yaml`,
and the places of an object where a row comes true."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any

from msgspec import Struct, convert

from policylint.kubernetes.api.quantity import parse_quantity
from policylint.kubernetes.api.reading import at, items
from policylint.kubernetes.api.workloads import TEMPLATES
from policylint.kyaml.tables import table
from policylint.model import Category, Confidence, Json, ResourceId, Severity
from policylint.runtime.pointers import step, steps

ANY_DEPTH = "**"
GENERAL = frozenset(("any", "custom"))
KEYS = ("name", "alert", "secretKey", "host", "conditionType", "topologyKey", "type")
"""What tells the items of a list apart, where no two have the same; else their places do."""
SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}


class Effect(Struct, frozen=True):
    """A row of the table, see there. `field` is a pointer below what `of` names."""

    of: tuple[str, ...]
    when: str
    says: str
    source: str
    field: str = ""
    but: tuple[str, ...] = ()
    values: tuple[Json, ...] = ()
    harmless: tuple[Json, ...] = ()
    by: float = 1.0
    unit: str = "quantity"
    default: Json = None
    beside: str = ""
    only: str = ""
    because: str = ""
    fixes: tuple[str, ...] = ()
    severity: Severity = Severity.WARNING
    confidence: Confidence = Confidence.LIKELY
    category: Category = Category.DOWNTIME


class Place(Struct, frozen=True):
    """Where a field stands on both sides; `item` names the innermost item of a list on the way."""

    path: str
    before: Json
    after: Json
    item: str = ""


def effects(resource: ResourceId) -> list[Effect]:
    """The rows that speak of objects of this kind, those of the kind itself first."""
    return _of_kind(resource.group, resource.kind)


@lru_cache(maxsize=1024)
def _of_kind(group: str, kind: str) -> list[Effect]:
    names = _names(group, kind)
    rows = [row for row in _table() if names & set(row.of) and not names & set(row.but)]
    return sorted(rows, key=lambda row: not GENERAL.isdisjoint(row.of))


def _names(group: str, kind: str) -> set[str]:
    """What a row may call a kind: its name where Kubernetes has it, with its group else."""
    names = {"any", f"{group}/{kind}"}
    if "." in group and not group.endswith(".k8s.io"):
        return names | {"custom"}
    if kind in TEMPLATES:
        return names | {kind, "pods", "containers"}
    return names | {kind}


def places(row: Effect, resource: ResourceId, before: Json, after: Json) -> Iterator[Place]:
    """Where the row comes true between two states of an object."""
    for root in _roots(row, resource, before, after):
        if row.beside and _at(root.before, row.beside) != _at(root.after, row.beside):
            continue
        for place in _followed([root], steps(row.field)):
            known = Place(
                place.path,
                _or_default(place.before, row),
                _or_default(place.after, row),
                place.item,
            )
            if known.after not in row.harmless and TESTS[row.when](row, known.before, known.after):
                yield known


def lost(row: Effect, before: Json, after: Json) -> list[str]:
    """The entries of a list, or keys of a map, that only the before side has, by name; with
    `gains` those that only the after side has."""
    if row.when == "gains":
        before, after = after, before
    remaining = set(_entries(after))
    return [
        entry
        for entry in _entries(before)
        if entry not in remaining and re.match(row.only or "", entry)
    ]


@cache
def _table() -> list[Effect]:
    return convert(table("effects"), list[Effect])


def _or_default(value: Json, row: Effect) -> Json:
    if value is None:
        return row.default
    return value


def _roots(row: Effect, resource: ResourceId, before: Json, after: Json) -> Iterator[Place]:
    """What the row's field lies below: the object, its pod template, or each kept container."""
    if not {"pods", "containers"} & set(row.of):
        yield Place("", before, after)
        return
    names = TEMPLATES[resource.kind]
    path = "".join(f"/{name}" for name in names)
    template = Place(path, at(before, *names), at(after, *names))
    if "pods" in row.of:
        yield template
    else:
        yield from _followed([template], ["spec", "containers", "*"], kept=True)


def _followed(
    starts: Sequence[Place], names: Sequence[str], *, kept: bool = False
) -> Iterator[Place]:
    """The places that a path leads to; with `kept` those alone that both sides have."""
    reached = list(starts)
    for number, name in enumerate(names, 1):
        reached = [below for place in reached for below in _below(place, name)]
        if name == "*" and (kept or number < len(names)):  # an item that both sides have
            reached = [place for place in reached if None not in (place.before, place.after)]
    yield from reached


def _below(place: Place, name: str) -> Iterator[Place]:
    """One step on: a name, one of several (a|b), every item (*), or any depth (**)."""
    if name == ANY_DEPTH:
        yield from _objects(place)
    elif name == "*":
        yield from _items(place)
    else:
        for key in name.split("|"):
            sides = (_at(place.before, key), _at(place.after, key))
            if sides != (None, None):
                yield Place(step(place.path, key), *sides, place.item)


def _at(value: Json, key: str) -> Json:
    if isinstance(value, dict):
        return value.get(key)
    return None


def _objects(place: Place) -> Iterator[Place]:
    """Every mapping that both sides have, from this place down; the status is nobody's setting."""
    waiting = [place]
    while waiting:
        below = waiting.pop()
        if below.path == "/status":
            continue
        if isinstance(below.before, dict) and isinstance(below.after, dict):
            yield below
        waiting += _items(below)


def _items(place: Place) -> Iterator[Place]:
    """The items of a list, or values of a mapping, that either side has."""
    before, after = place.before, place.after
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys(), key=str):
            yield Place(step(place.path, key), before.get(key), after.get(key), place.item)
    elif isinstance(before, list) or isinstance(after, list):
        yield from _pairs(place, items(before), items(after))


def _pairs(place: Place, before: list[Any], after: list[Any]) -> Iterator[Place]:
    """The items of a list by what names them, or by their place in it."""
    key = _key(before, after)
    was = {_name(key, number, item): item for number, item in enumerate(before)}
    becomes = {_name(key, number, item): (number, item) for number, item in enumerate(after)}
    for name, (number, item) in becomes.items():
        path = step(place.path, number)
        yield Place(path, was.get(name), item, name if key else place.item)
    for number, name in enumerate(was):
        if name not in becomes:
            path = step(place.path, number)
            yield Place(path, was[name], None, name if key else place.item)


def _key(before: list[Any], after: list[Any]) -> str:
    for key in KEYS:
        if all(_tells_apart(key, side) for side in (before, after)):
            return key
    return ""


def _tells_apart(key: str, side: list[Any]) -> bool:
    values = [item.get(key) for item in side if isinstance(item, dict)]
    return (
        len(values) == len(side) and None not in values and len(set(map(str, values))) == len(side)
    )


def _name(key: str, number: int, item: Any) -> str:
    if key:
        return str(item[key])
    return str(number)


def _entries(value: Json) -> list[str]:
    """The entries of a list as words: plain ones as they are, objects by what names them."""
    if isinstance(value, dict):
        return list(value)
    if isinstance(value, list):
        return [_word(entry) for entry in value]
    return []


def _word(entry: Json) -> str:
    if isinstance(entry, dict):
        named = (entry.get(key) for key in ("name", "metadata", *KEYS))
        entry = next((value for value in named if value), entry)
    if isinstance(entry, dict):
        return str(entry.get("name") or " ".join(_plain_values(entry)))
    return str(entry)


def _plain_values(value: Json) -> list[str]:
    """What an object says, without the names of its fields."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [word for inner in value for word in _plain_values(inner)]
    return [str(value)]


def _is_there(value: Json) -> bool:
    return value not in (None, "", {}, [])


def _is_among(value: Json, values: tuple[Json, ...]) -> bool:
    """Whether a value, or one of a list's, is among these; 1 is not true."""
    if isinstance(value, list):
        return any(_is_among(entry, values) for entry in value)
    return any(value == among and type(value) is type(among) for among in values)


def _amount(value: Json, unit: str) -> Fraction | None:
    """A number of this unit: count (a plain number), size (10Gi), time (1h30m), or any quantity."""
    if unit == "count" and isinstance(value, str):
        return None
    if unit == "size" and not isinstance(value, str):
        return None
    if unit != "time" or not isinstance(value, str) or value.isdigit():
        return parse_quantity(value)
    if not re.fullmatch(r"(\d{1,12}(\.\d{1,6})?(ms|[smhdwy]))+", value, re.ASCII):
        return None
    amounts = re.findall(r"([\d.]+)(ms|[smhdwy])", value)
    return sum(
        (Fraction(number) * Fraction(str(SECONDS[word])) for number, word in amounts), Fraction()
    )


def _falls(row: Effect, before: Json, after: Json) -> bool:
    was, becomes = _amount(before, row.unit), _amount(after, row.unit)
    return (
        was is not None
        and becomes is not None
        and becomes < was
        and becomes <= was * Fraction(str(row.by))
    )


def _rises(row: Effect, before: Json, after: Json) -> bool:
    was, becomes = _amount(before, row.unit), _amount(after, row.unit)
    return (
        was is not None
        and becomes is not None
        and becomes > was
        and becomes >= was * Fraction(str(row.by))
    )


TESTS: Mapping[str, Callable[[Effect, Json, Json], bool]] = {
    "added": lambda _, before, after: not _is_there(before) and _is_there(after),
    "gone": lambda _, before, after: _is_there(before) and not _is_there(after),
    "emptied": lambda _, before, after: _is_there(before) and after == "",
    "changed": lambda _, before, after: _is_there(before) and _is_there(after) and before != after,
    "moves": lambda _, before, after: _is_there(before) and before != after,
    "to": lambda row, before, after: (
        _is_among(after, row.values) and not _is_among(before, row.values)
    ),
    "from": lambda row, before, after: (
        _is_among(before, row.values) and not _is_among(after, row.values)
    ),
    "falls": _falls,
    "rises": _rises,
    "loses": lambda row, before, after: bool(lost(row, before, after)),
    "gains": lambda row, before, after: bool(lost(row, before, after)),
}
"""What `when` may say of a field."""
