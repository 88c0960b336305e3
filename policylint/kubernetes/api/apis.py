"""Which API versions a Kubernetes minor serves, has deprecated or has removed.

Data: `policylint/data/apis.json`, made by `scripts/make_apis.py` from the lifecycle facts of
Kubernetes' own Go modules, and `policylint/data/more-apis.yaml` for what those lack and for
well-known custom resources.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache, lru_cache

from msgspec import Struct, json

from policylint.kubernetes.api.schemas import group_of, minor_number
from policylint.kyaml.tables import table
from policylint.runtime import resources as shipped


class State(StrEnum):
    """What a server of the minor does with an API version."""

    SERVED = "served"
    DEPRECATED = "deprecated"
    REMOVED = "removed"
    OFF = "off"
    """Known, but served only where the cluster turns it on (`--runtime-config`)."""
    NOT_YET = "not-yet"
    UNKNOWN = "unknown"


class ApiStatus(Struct, frozen=True):
    """The state of one (API version, kind) at a minor, and where the fact comes from.

    `introduced`, `deprecated` and `removed` are minors ("1.22"), or releases of `product` for
    custom resources, which are never certain: the installed CRDs decide. `replacement` is an API
    version and kind, "" where there is none.
    """

    state: State
    introduced: str = ""
    deprecated: str = ""
    removed: str = ""
    replacement: str = ""
    product: str = "Kubernetes"
    source: str = ""

    @property
    def custom(self) -> bool:
        """Whether this is a row of a product's custom resources."""
        return self.product != "Kubernetes"


class _Row(Struct, frozen=True):
    introduced: int
    deprecated: int | None
    removed: int | None
    replacement: str
    on: bool
    source: str


UNKNOWN = ApiStatus(State.UNKNOWN)


@lru_cache(maxsize=1024)
def status(api_version: str, kind: str, minor: str) -> ApiStatus:
    """The state of a kind's API version on a server of `minor` ("1.36").

    A version newer than the newest known is judged by what is announced for it. Raises ValueError
    for a `minor` that is none.
    """
    row = _builtin().get((api_version, kind))
    if row is None:
        return _custom().get((api_version, kind), UNKNOWN)
    number = minor_number(minor)
    return ApiStatus(
        _state(row, number),
        _text(row.introduced),
        _text(row.deprecated),
        _text(row.removed),
        _replacement(api_version, kind, row, number),
        source=row.source,
    )


def versions(group: str, kind: str, minor: str) -> tuple[str, ...]:
    """The API versions of a built-in kind that a server of `minor` serves, deprecated ones
    included."""
    number = minor_number(minor)
    return tuple(
        version
        for (version, name), row in _builtin().items()
        if name == kind
        and group_of(version) == group
        and _state(row, number) in (State.SERVED, State.DEPRECATED)
    )


def builtin() -> tuple[tuple[str, str], ...]:
    """Every built-in (API version, kind) of the table, sorted."""
    return tuple(sorted(_builtin()))


def _state(row: _Row, minor: int) -> State:
    if row.removed is not None and row.removed <= minor:
        return State.REMOVED
    if row.introduced > minor:
        return State.NOT_YET
    if not row.on:
        return State.OFF
    if row.deprecated is not None and row.deprecated <= minor:
        return State.DEPRECATED
    return State.SERVED


def _replacement(api_version: str, kind: str, row: _Row, minor: int) -> str:
    """What the server of the minor serves instead: the named replacement, or a later version of the
    same kind."""
    if row.replacement:
        version, _, name = row.replacement.partition(" ")
        follow = _builtin().get((version, name))
        if follow is None or _state(follow, minor) in (State.SERVED, State.NOT_YET):
            return row.replacement
        return _replacement(version, name, follow, minor)
    stable = [
        version
        for version in versions(group_of(api_version), kind, f"1.{minor}")
        if version != api_version
    ]
    if stable:
        return f"{stable[0]} {kind}"
    return ""


def _text(minor: int | None) -> str:
    if minor is None:
        return ""
    return f"1.{minor}"


@cache
def _builtin() -> Mapping[tuple[str, str], _Row]:
    made = json.decode(shipped.data("apis.json"))
    return {(row["apiVersion"], row["kind"]): _row(row) for row in [*made, *_more()["builtin"]]}


def _row(row: Mapping[str, object]) -> _Row:
    introduced, deprecated, removed = (
        _minor(row.get(name)) for name in ("introduced", "deprecated", "removed")
    )
    replacement, source = str(row.get("replacement", "")), str(row["source"])
    return _Row(
        introduced or 0, deprecated, removed, replacement, bool(row.get("on", True)), source
    )


def _minor(value: object) -> int | None:
    if isinstance(value, int):
        return value
    return None


@cache
def _custom() -> Mapping[tuple[str, str], ApiStatus]:
    return dict(_custom_rows())


def _custom_rows() -> Iterator[tuple[tuple[str, str], ApiStatus]]:
    for row in _more()["custom"]:
        removed = row.get("removed", "")
        state = State.REMOVED if removed else State.DEPRECATED
        for version in row["apiVersions"]:
            for kind in row["kinds"]:
                yield (
                    (version, kind),
                    ApiStatus(
                        state,
                        deprecated=row["deprecated"],
                        removed=removed,
                        replacement=row["replacement"],
                        product=row["product"],
                        source=row["source"],
                    ),
                )


@cache
def _more() -> Mapping[str, list[dict[str, str]]]:
    rows: Mapping[str, list[dict[str, str]]] = table("more-apis")
    return rows


_PLURALS = {"Endpoints": "endpoints"}


def plural(kind: str) -> str:
    """The resource of a built-in kind."""
    word = kind.lower()
    if kind in _PLURALS:
        return _PLURALS[kind]
    if word.endswith("s"):
        return f"{word}es"
    if word.endswith("y"):
        return f"{word[:-1]}ies"
    return f"{word}s"
