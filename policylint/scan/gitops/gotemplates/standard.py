"""The functions that text/template itself has (text/template/funcs.go)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_plus

from policylint.scan.gitops.gotemplates.formatting import formatted, printed, printed_line
from policylint.scan.gitops.gotemplates.functions import Function
from policylint.scan.gitops.gotemplates.model import TemplateError
from policylint.scan.gitops.gotemplates.values import go_type, is_true

_HTML = str.maketrans(
    {'"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;", "\0": "\ufffd"}
)


def _kind(value: Any) -> str:
    """What Go compares a value as."""
    name = go_type(value).replace("int64", "int")
    return name if name in ("bool", "int", "float64", "string") else "other"


def _equal(first: Any, *operands: Any) -> bool:
    if not operands:
        raise TemplateError("eq with one argument")
    return any(_is_equal(first, operand) for operand in operands)


def _is_equal(left: Any, right: Any) -> bool:
    if left is None or right is None:
        return left is right
    if _kind(left) != _kind(right) or _kind(left) == "other":
        raise TemplateError(f"a comparison of {go_type(left)} with {go_type(right)}")
    return bool(left == right)


def _unequal(left: Any, right: Any) -> bool:
    return not _equal(left, right)


def _less(left: Any, right: Any) -> bool:
    kind = _kind(left)
    if kind != _kind(right) or kind in ("bool", "other"):
        raise TemplateError(f"a comparison of {go_type(left)} with {go_type(right)}")
    if kind == "string":
        return bool(left.encode() < right.encode())
    return bool(left < right)


def _at_most(left: Any, right: Any) -> bool:
    return _less(left, right) or _is_equal(left, right)


def _more(left: Any, right: Any) -> bool:
    return not _at_most(left, right)


def _at_least(left: Any, right: Any) -> bool:
    return not _less(left, right)


def _length(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, list | dict):
        return len(value)
    raise TemplateError(f"len of {go_type(value)}")


def _index(value: Any, *steps: Any) -> Any:
    if value is None:
        raise TemplateError("index of nil")
    for step in steps:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and _kind(step) == "int":
            value = _entry(value, step)
        else:
            raise TemplateError(f"index of {go_type(value)} by {go_type(step)}")
    return value


def _entry(value: list[Any], at: int) -> Any:
    if 0 <= at < len(value):
        return value[at]
    raise TemplateError(f"index {at} of {len(value)} entries")


def _not(value: Any) -> bool:
    return not is_true(value)


def _escaped_html(*values: Any) -> str:
    return _joined(values).translate(_HTML)


def _escaped_query(*values: Any) -> str:
    return quote_plus(_joined(values), safe="-_.~")


def _joined(values: tuple[Any, ...]) -> str:
    if len(values) == 1 and isinstance(values[0], str):
        return values[0]
    return printed(*("<no value>" if value is None else value for value in values))


STANDARD = {
    "eq": Function("a*a", _equal),
    "ne": Function("aa", _unequal),
    "lt": Function("aa", _less),
    "le": Function("aa", _at_most),
    "gt": Function("aa", _more),
    "ge": Function("aa", _at_least),
    "not": Function("a", _not),
    "len": Function("a", _length),
    "index": Function("a*a", _index),
    "print": Function("*a", printed),
    "println": Function("*a", printed_line),
    "printf": Function("s*a", formatted),
    "html": Function("*a", _escaped_html),
    "urlquery": Function("*a", _escaped_query),
}
OF_GO = ("call", "js", "slice")
"""Those that are not evaluated here."""
