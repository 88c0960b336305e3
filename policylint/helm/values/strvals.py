"""`--set`, `--set-string`, `--set-json`, `--set-file` and `--set-literal`, read as Helm reads them.

Source: pkg/strvals of Helm 3.22 and 4.3. A value is written into the values given so far, so later
flags win.
"""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Callable
from typing import Any

from policylint.errors import ReadError, UsageError
from policylint.helm.values.tables import Table, as_json_numbers
from policylint.redaction.collect import argument_secrets
from policylint.redaction.quoted import without
from policylint.redaction.vocabulary import MASK
from policylint.runtime.digits import whole_or
from policylint.runtime.patterns import pattern

MAX_INDEX = 65536
MAX_LEVEL = 30
_INTEGER = pattern(r"[-+]?[0-9]+$")
_LONGEST = len(str(-(2**63)))
Convert = Callable[[str], Any]


class _EndError(Exception):
    """The text is used up; what was written so far stays."""


class _BadError(Exception):
    """The text cannot be read; the message is Helm's."""


def set_values(text: str, into: Table) -> None:
    """`--set`: true, false, null and integers that do not start with 0 get their type, the rest is
    text."""
    _run(_Expression(text, typed), into, "--set")


def set_strings(text: str, into: Table) -> None:
    """`--set-string`: every value is text."""
    _run(_Expression(text, str), into, "--set-string")


def set_files(text: str, into: Table, read: Callable[[str], str]) -> None:
    """`--set-file`: every value names a file whose text it becomes; `read` gives a file's text."""
    try:
        _run(_Expression(text, read), into, "--set-file")
    except ReadError as error:
        masked = [_told(words, "--set-file", text) for words in (error.message, error.file)]
        raise ReadError(masked[0], file=masked[1], line=error.line, remedy=error.remedy) from None


def set_json(text: str, into: Table) -> None:
    """`--set-json` in the form key=JSON,key=JSON; an empty value is null."""
    _run(_JsonExpression(text), into, "--set-json")


def set_literal(text: str, into: Table) -> None:
    """`--set-literal`: one key, and everything after `=` as it stands."""
    _run(_Literal(text), into, "--set-literal")


def typed(text: str) -> Any:
    """What `--set` makes of a value."""
    words = {"true": True, "false": False, "null": None, "0": 0}
    if text.lower() in words:
        return words[text.lower()]
    if text.startswith("0") or not _INTEGER.match(text) or len(text) > _LONGEST:
        return text
    if -(2**63) <= int(text) < 2**63:
        return int(text)
    return text


def _run(expression: _Expression, into: Table, flag: str) -> None:
    try:
        while True:
            expression.key(into, 0)
    except _EndError:
        return
    except _BadError as error:
        remedy = (
            "quote the argument for the shell; escape `,` and `.` in names and values with "
            "a backslash"
        )
        message = _told(str(error), flag, expression.text)
        raise UsageError(f"failed parsing {flag} data: {message}", remedy=remedy) from None


def _told(words: str, flag: str, text: str) -> str:
    """What is wrong with an argument, without the part of a secret that was taken for a name or a
    file."""
    return without(words, argument_secrets(flag, text), MASK)


class _Expression:
    """A recursive reader of name1=value1,name2=value2."""

    key_stops = "=[,."
    escapes = True

    def __init__(self, text: str, convert: Convert) -> None:
        self.text = text
        self.at = 0
        self.convert = convert

    def until(self, stops: str) -> tuple[str, str]:
        """The text up to one of the stops, and that stop: empty at the end of the text."""
        chars: list[str] = []
        while self.at < len(self.text):
            char = self.text[self.at]
            self.at += 1
            if char in stops:
                return "".join(chars), char
            if char == "\\" and self.escapes:
                if self.at == len(self.text):
                    break
                char = self.text[self.at]
                self.at += 1
            chars.append(char)
        return "".join(chars), ""

    def key(self, into: Table, level: int) -> None:
        """Read one name and its value into a table."""
        name, stop = self.until(self.key_stops)
        if not stop:
            if name:
                raise _BadError(f'key "{name}" has no value')
            raise _EndError
        if stop == "=":
            self.assign(lambda value: _put(into, name, value))
        elif stop == ",":
            raise _BadError(f'key "{name}" has no value (cannot end with ,)')
        elif stop == "[":
            self._list(into, name, level)
        else:
            self._table(into, name, level + 1)

    def _list(self, into: Table, name: str, level: int) -> None:
        index = self._index()
        items = into.get(name, [])
        if name in into and not isinstance(items, list):
            raise _BadError(f'unable to parse key: "{name}" is set already and is no list')
        try:
            self.item(items, index, level)
        finally:
            _put(into, name, items)

    def _table(self, into: Table, name: str, level: int) -> None:
        if level > MAX_LEVEL:
            raise _BadError(
                "value name nested level is greater than maximum supported nested level of "
                f"{MAX_LEVEL}"
            )
        inner = into.get(name, {})
        if name in into and not isinstance(inner, dict):
            raise _BadError(f'unable to parse key: "{name}" is set already and is no map')
        try:
            self.key(inner, level)
        finally:
            if inner:
                _put(into, name, inner)
        if not inner:
            raise _BadError(f'key map "{name}" has no value')

    def _index(self) -> int:
        text, stop = self.until("]")
        if not stop:
            raise _EndError
        if not _INTEGER.match(text):
            raise _BadError(f'error parsing index: "{text}" is no number')
        return whole_or(text, 0)

    def item(self, items: list[Any], index: int, level: int) -> None:
        """Read what follows `[index]` into a list, growing it with nulls."""
        if index < 0:
            raise _BadError(f"negative {index} index not allowed")
        name, stop = self.until("[.=")
        if name:
            raise _BadError(f'unexpected data at end of array index: "{name}"')
        if not stop:
            raise _EndError
        if stop == "=":
            with contextlib.suppress(_EndError):  # an empty value at the end of the text
                self.assign(lambda value: _put_at(items, index, value))
            return
        if stop == "[":
            self._list_in(items, index, level)
        else:
            self._table_in(items, index, level)

    def _list_in(self, items: list[Any], index: int, level: int) -> None:
        inner = items[index] if index < len(items) else None
        if inner is None:
            inner = []
        if not isinstance(inner, list):
            raise _BadError(f"unable to parse key: item {index} is set already and is no list")
        self.item(inner, self._index(), level)
        _put_at(items, index, inner)

    def _table_in(self, items: list[Any], index: int, level: int) -> None:
        inner = items[index] if index < len(items) else None
        if not isinstance(inner, dict):
            inner = {}
            if index < len(items):
                items[index] = inner
        self.key(inner, level)
        _put_at(items, index, inner)

    def assign(self, put: Callable[[Any], None]) -> None:
        """Read a value, or a list in braces, up to the next comma."""
        if self.at == len(self.text):
            put("")
            raise _EndError
        if self.text[self.at] == "{":
            self.at += 1
            put(self._braces())
        else:
            put(self.convert(self.until(",")[0]))

    def _braces(self) -> list[Any]:
        values = []
        while True:
            text, stop = self.until(",}")
            if not stop:
                raise _BadError("list must terminate with '}'")
            values.append(self.convert(text))
            if stop == "}":
                self.at += self.text[self.at : self.at + 1] == ","
                return values


class _JsonExpression(_Expression):
    def __init__(self, text: str) -> None:
        super().__init__(text, str)

    def assign(self, put: Callable[[Any], None]) -> None:
        """Read a JSON value; nothing at all is null."""
        if self._empty():
            put(None)
            return
        try:
            value, self.at = json.JSONDecoder(
                parse_constant=_no_constant, parse_float=_finite
            ).raw_decode(self.text, self.at)
        except (ValueError, RecursionError):
            raise _BadError("a value is not JSON") from None
        put(as_json_numbers(value))
        self._empty()

    def _empty(self) -> bool:
        while self.at < len(self.text):
            char = self.text[self.at]
            if not char.isspace() and char != ",":
                return False
            self.at += 1
            if char == ",":
                return True
        return True


class _Literal(_Expression):
    key_stops = "=[."
    escapes = False

    def __init__(self, text: str) -> None:
        super().__init__(text, str)

    def assign(self, put: Callable[[Any], None]) -> None:
        """Take the rest of the text as it stands."""
        put(self.text[self.at :])
        self.at = len(self.text)


def _put(into: Table, name: str, value: Any) -> None:
    if name:  # Helm drops a value without a name
        into[name] = value


def _put_at(items: list[Any], index: int, value: Any) -> None:
    if index > MAX_INDEX:
        raise _BadError(f"index of {index} is greater than maximum supported index of {MAX_INDEX}")
    items.extend([None] * (index + 1 - len(items)))
    items[index] = value


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


def _no_constant(name: str) -> Any:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)
