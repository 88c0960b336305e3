"""Variables of a Flux Kustomization's postBuild, by the rules of Flux's own envsubst.

Source: github.com/fluxcd/pkg/envsubst v1.5.0, whose answers the tests record. `${VAR}` only, never
`$VAR`; `$$` is a dollar sign; a variable that is not set is empty (Flux's default, without
StrictPostBuildSubstitutions); `:-`, `:=`, `=`, `:?` and `:+` all mean the default.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from policylint.runtime.patterns import pattern, starred

_NAME = pattern(r"[^\W]+")
VALID_NAME = pattern(r"[_a-zA-Z][_a-zA-Z0-9]*\Z")
"""What kustomize-controller takes as the name of a variable."""
_PIECE = pattern(r"\\.|\*+|\?|\[[^\]]{0,200}\]|.", re.DOTALL)
_MOST_DEPTH = 50


class SubstitutionError(Exception):
    """What Flux would refuse: the whole Kustomization then fails."""


def substitute(text: str, lookup: Callable[[str], str]) -> str:
    """The text with its variables replaced; raises SubstitutionError where Flux refuses it."""
    return _Scanner(text, lookup).run()


def lookup_in(variables: Mapping[str, str]) -> Callable[[str], str]:
    """A lookup for which a variable that is not set is empty."""
    return lambda name: variables.get(name, "")


class _Scanner:
    def __init__(self, text: str, lookup: Callable[[str], str]) -> None:
        self.text = text
        self.at = 0
        self.lookup = lookup
        self.depth = 0

    def run(self) -> str:
        parts: list[str] = []
        while (start := self.text.find("$", self.at)) >= 0:
            parts.append(self.text[self.at : start])
            self.at = start + 2
            follows = self.text[start + 1 : start + 2]
            if follows == "{":
                parts.append(self._expression())
            else:
                parts.append("$")
                self.at = start + 2 if follows == "$" else start + 1
        parts.append(self.text[self.at :])
        return "".join(parts)

    @property
    def next(self) -> str:
        return self.text[self.at : self.at + 1]

    def _expression(self) -> str:
        """What follows `${`, up to its brace."""
        self.depth += 1
        if self.depth > _MOST_DEPTH:
            raise SubstitutionError("nested too deeply")
        if self.next == "#":
            self.at += 1
            result = str(len(self._value().encode()))
            self._close()
        else:
            value = self._value()
            result = self._applied(value)
        self.depth -= 1
        return result

    def _value(self) -> str:
        match = _NAME.match(self.text, self.at)
        if match is None:
            raise SubstitutionError("unable to parse variable name")
        self.at = match.end()
        return self.lookup(match[0])

    def _applied(self, value: str) -> str:
        head = self.next
        if head == "=" or (head == ":" and self.text[self.at + 1 : self.at + 2] in tuple("=-?+")):
            return self._default(value)
        operators: dict[str, Callable[[str], str]] = {
            ":": self._part,
            ",": self._cased,
            "^": self._cased,
            "/": self._replaced,
            "#": self._trimmed,
            "%": self._trimmed,
        }
        if head in operators and head:
            return operators[head](value)
        if head != "}":
            raise SubstitutionError("missing closing brace")
        self.at += 1
        return value

    def _close(self) -> None:
        if self.next != "}":
            raise SubstitutionError("bad substitution")
        self.at += 1

    def _parameter(self, stops: str, *, escapes: bool = False) -> str:
        """An argument: an expression of its own, or text up to one of `stops` or an expression."""
        if self.text.startswith("${", self.at):
            self.at += 2
            return self._expression()
        start, kept = self.at, []
        while self.next and self.next not in stops and not self.text.startswith("${", self.at):
            if escapes and self.text[self.at : self.at + 2] in ("$$", "\\/", "\\\\"):
                self.at += 1
            kept.append(self.next)
            self.at += 1
        if self.at == start:
            raise SubstitutionError("unable to parse substitution within function")
        return "".join(kept)

    def _default(self, value: str) -> str:
        self.at += 1 if self.next == "=" else 2
        parts = []
        while self.next != "}":
            parts.append(self._parameter("}"))
        self._close()
        return value or "".join(parts)

    def _part(self, value: str) -> str:
        self.at += 1
        start = self._parameter(":}")
        if self.next == "}":
            self.at += 1
            return _part(value, start, None)
        if self.next != ":":
            raise SubstitutionError("bad substitution")
        while self.next == ":":
            self.at += 1
        length = self._parameter("}")
        self._close()
        return _part(value, start, length)

    def _cased(self, value: str) -> str:
        operator = self.next
        self.at += 1
        if self.next in (",", "^") and self.next:
            operator += self.next
            self.at += 1
        self._close()
        return _cased(operator, value)

    def _replaced(self, value: str) -> str:
        operator = "/"
        self.at += 1
        if self.next in ("/", "#", "%") and self.next:
            operator += self.next
            self.at += 1
        old = self._parameter("/", escapes=True)
        if self.next != "/":
            raise SubstitutionError("bad substitution")
        while self.next == "/":
            self.at += 1
        if self.next == "}":
            new = None
        else:
            new = self._parameter("}", escapes=True)
        self._close()
        return _replaced(operator, value, old, new)

    def _trimmed(self, value: str) -> str:
        operator = self.next
        self.at += 1
        if self.next == operator:
            operator += self.next
            self.at += 1
        glob = self._parameter("}")
        self._close()
        return _trimmed(operator, value, glob)


def _cased(operator: str, value: str) -> str:
    if operator in (",,", "^^"):
        if operator == ",,":
            return value.lower()
        return value.upper()
    if operator in (",", "^"):
        if operator == ",":
            first = value[:1].lower()
        else:
            first = value[:1].upper()
        return first + value[1:]
    return value


def _part(value: str, start: str, length: str | None) -> str:
    """A part of the value by bytes, all of it where a number cannot be read."""
    data = value.encode()
    first = _number(start)
    if first is None:
        return value
    if first < 0:
        first = max(0, len(data) + first)
    if length is None:
        return data[first:].decode("utf-8", "replace")
    count = _number(length)
    if count is None:
        return value
    if count < 0 and first + count < len(data):
        raise SubstitutionError("a length below zero")
    return data[first : first + count].decode("utf-8", "replace")


def _number(text: str) -> int | None:
    if re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        return int(text)
    return None


def _replaced(operator: str, value: str, old: str, new: str | None) -> str:
    if operator == "//":
        return value.replace(old, new or "")
    if operator == "/":
        return value.replace(old, new or "", 1)
    if new is None:
        return value
    if operator == "/#":
        if value.startswith(old):
            return new + value[len(old) :]
        return value
    if value.endswith(old):
        return value.removesuffix(old) + new
    return value


def _trimmed(operator: str, value: str, glob: str) -> str:
    """The value without the part at its start (`#`) or end (`%`) that is as the glob says: the
    shortest part that is not empty, the longest where the operator is written twice."""
    at_end = operator.startswith("%")
    expression = _glob(glob, at_end, longest=len(operator) == 2)
    if at_end:
        match = expression and expression.match(value[::-1])
        return value[: len(value) - match.end()] if match else value
    match = expression and expression.match(value)
    return value[match.end() :] if match else value


def _glob(glob: str, backwards: bool, longest: bool) -> re.Pattern[str] | None:
    """A glob as an expression of a text, or of one read backwards; None for one that is malformed,
    which trims nothing."""
    pieces = _PIECE.findall(glob)
    if backwards:
        pieces.reverse()
    try:
        parts = _parts(pieces)
        if glob and not any(parts) and not longest:
            parts = ["."]
        return re.compile(starred(parts, ".", "*" if longest else "*?"), re.DOTALL)
    except re.error:
        return None


def _parts(pieces: list[str]) -> list[str]:
    """The expressions between the stars."""
    parts = [""]
    for piece in pieces:
        if piece.startswith("*"):
            parts.append("")
        else:
            parts[-1] += _single(piece)
    return parts


def _single(piece: str) -> str:
    if piece == "?":
        return "."
    if not (piece.startswith("[") and len(piece) > 2):
        return re.escape(piece[-1])
    expression = piece.replace("\\", r"\\")
    re.compile(expression)  # malformed by itself, whatever stands beside it
    return expression
