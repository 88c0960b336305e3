"""Rules for one field at a time, to be named in tables: supported values, bounds, formats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policylint.kubernetes.api.fielderrors import (
    NOT_NEGATIVE,
    NOT_POSITIVE,
    each_invalid,
    invalid,
    unsupported,
)
from policylint.kubernetes.api.quantity import canonical, parse_quantity
from policylint.kubernetes.validity.formats import Format, between, port_name, port_number
from policylint.kubernetes.validity.scope import Rule
from policylint.model import Cause, Json


def one_of(*supported: str, empty: bool = True) -> Rule:
    """The field, or each item of it, is one of these strings, shown in this order.

    With `empty`, a field of "" counts as not given; an item of a list never does.
    """
    known = frozenset(supported)

    def check(value: Json, at: str) -> Iterator[Cause]:
        if isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, str) and item not in known:
                    yield unsupported(f"{at}[{index}]", item, supported)
        elif isinstance(value, str) and value not in known and not (empty and not value):
            yield unsupported(at, value, supported)

    return check


def form(*formats: Format, empty: bool = True) -> Rule:
    """The field is a string of these formats; with `empty`, "" counts as not given."""

    def check(value: Json, at: str) -> Iterator[Cause]:
        if isinstance(value, str) and (value or not empty):
            for complaints in formats:
                yield from each_invalid(at, value, complaints(value))

    return check


def at_least(lowest: int, words: str = "") -> Rule:
    """The field is a number not below this one."""
    usual = {0: NOT_NEGATIVE, 1: NOT_POSITIVE}
    detail = words or usual.get(lowest, f"must be at least {lowest}")

    def check(value: Json, at: str) -> Iterator[Cause]:
        if _is_number(value) and value < lowest:
            yield invalid(at, value, detail)

    return check


def within(lowest: int, highest: int, words: str = "") -> Rule:
    """The field, or each item of it, is a number between these two, both included."""
    detail = words or between(lowest, highest)

    def check(value: Json, at: str) -> Iterator[Cause]:
        for path, item in _with_paths(value, at):
            if _is_number(item) and not lowest <= item <= highest:
                yield invalid(path, item, detail)

    return check


def port(value: Json, at: str) -> Iterator[Cause]:
    """The field is a port's number (0 counts as not given)."""
    if _is_number(value) and value:
        yield from each_invalid(at, value, port_number(int(value)))


def port_or_name(value: Json, at: str) -> Iterator[Cause]:
    """The field is a port's number or name."""
    if isinstance(value, str):
        yield from each_invalid(at, value, port_name(value))
    elif _is_number(value):
        yield from each_invalid(at, value, port_number(int(value)))


def not_negative_quantity(value: Json, at: str) -> Iterator[Cause]:
    """The field is a quantity of at least zero."""
    amount = parse_quantity(value)
    if amount is not None and amount < 0:
        yield invalid(at, canonical(value), NOT_NEGATIVE)


def _with_paths(value: Json, at: str) -> Iterable[tuple[str, Json]]:
    if isinstance(value, list):
        return ((f"{at}[{index}]", item) for index, item in enumerate(value))
    return ((at, value),)


def _is_number(value: Json) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
