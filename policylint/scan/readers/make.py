"""Makefiles: recipes as shell, with the variables of the file put in."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from policylint.runtime.patterns import pattern
from policylint.scan.invocations.commands import invocations
from policylint.scan.invocations.reader import Reader, Reading
from policylint.scan.shells.env import Env
from policylint.scan.shells.runs import Shell
from policylint.scan.shells.shell import read
from policylint.scan.texts.source import Source
from policylint.scan.texts.text import EMPTY, TAIL, Text, filled, joined, rewritten

_ASSIGN = pattern(
    r"^(?:export\s+|override\s+|private\s+)*(?:[^\s:=#]+\s*:\s*(?:export\s+)?)?"
    r"([\w.-]+)\s*(\?=|:{1,3}=|\+=|!=|=)[ \t]*"
    r"((?:\\\n|[^\n])*)",
    re.MULTILINE,
)
_DEFINE = pattern(
    r"^define[ \t]+([\w.-]+)[ \t]*[:?]?=?[ \t]*\n(.*?)^endef", re.MULTILINE | re.DOTALL
)
_PREFIX = pattern(r"[ \t]*[@+-]+[ \t]*")
_CONDITION = pattern(r"^[ ]*(if|endif)", re.MULTILINE)
_RULE = pattern(r"^(?=[^\s#=][^=\n]*:(?!=))[^\n]*\n\t", re.MULTILINE)
_DOLLAR = pattern(r"\$(?:\$|([({])|([\w@<^*?%+]))")
_CALL = pattern(r"call[ \t]+([\w.-]+)[ \t]*(?:,(.*))?$", re.DOTALL)
_DEPTH = 8
_LIMIT = 20_000
"""The longest a value may become; a file that doubles its variables again and again is cut
there."""


class _Variables:
    """A Makefile's variables: literal, or None where make itself would have to work them out."""

    def __init__(self, text: str) -> None:
        self.values: dict[str, Text | None] = {}
        self.defines = {
            match[1]: Text.cut(text, match.start(2), match.end(2))
            for match in _DEFINE.finditer(text)
        }
        starts, depths = [], [0]  # how many conditions are open after each that begins or ends
        for match in _CONDITION.finditer(text):
            starts.append(match.start())
            depths.append(depths[-1] + (-1 if match[1] == "endif" else 1))
        for match in _ASSIGN.finditer(text):
            if not match.group().startswith("\t"):
                inside = depths[bisect_left(starts, match.start())] > 0
                self._assign(
                    match[1], match[2], _value(Text.cut(text, match.start(3), match.end(3))), inside
                )

    def _assign(self, name: str, operator: str, value: Text, sometimes: bool) -> None:
        if operator == "!=":
            self.values[name] = None
        elif operator == "+=":
            self.values[name] = self._appended(name, value.maybe() if sometimes else value)
        elif operator != "?=" or name not in self.values:
            disagrees = sometimes and name in self.values and not self._is(name, value)
            self.values[name] = None if disagrees else value

    def _appended(self, name: str, value: Text) -> Text:
        before = self.values.get(name)
        if before is None:
            before = Text.of(TAIL if name in self.values else "")
        return before + Text.of(" ") + value

    def _is(self, name: str, value: Text) -> bool:
        before = self.values.get(name)
        return before is not None and before.text == value.text

    def expand(self, text: Text, arguments: dict[str, Text] | None = None, depth: int = 0) -> Text:
        """The text with `$(X)` put in, `$$` as the shell's dollar; what make works out is one
        unknown."""
        changes, size = [], len(text.text)
        for first, last, name in _references(text.text):
            value = self._value(name, arguments or {}, depth)
            start = text.at[first]
            if value is None:
                value = Text(TAIL * (last - first), text.at[first:last], "." * (last - first))
            elif value.start < 0 or not re.search(
                r"\s", value.text
            ):  # a single word counts where it is used
                value = Text.standing(value, start, text.at[last - 1] + 1)
            size += len(value.text)
            if size < _LIMIT + len(text.text):
                changes.append((first, last, value))
        text = rewritten(text, changes)
        if depth:
            return text
        dollars = [match.start() for match in re.finditer(r"\$\$", text.text)]
        return rewritten(text, ((at, at + 1, EMPTY) for at in dollars))

    def _value(self, name: str, arguments: dict[str, Text], depth: int) -> Text | None:
        if name in arguments:
            return arguments[name]
        if depth > _DEPTH:
            return None
        called = _CALL.match(name)
        if called:
            body = self.defines.get(called[1]) or self.values.get(called[1])
            if not body:
                return None
            words = enumerate((called[2] or "").split(","), 1)
            passed = {str(at): Text.of(word.strip()) for at, word in words}
            return self.expand(body, passed, depth + 1)
        value = self.defines.get(name, self.values.get(name))
        if value is not None:
            return self.expand(value, None, depth + 1)
        return None


def _references(text: str) -> Iterator[tuple[int, int, str]]:
    """Each `$(NAME)`, `${NAME}` and `$X`: start, end and what stands inside; `$$` is none."""
    at = 0
    ends = {**_closings(text, "(", ")"), **_closings(text, "{", "}")}
    while match := _DOLLAR.search(text, at):
        at = match.end()
        if match[2]:
            yield match.start(), match.end(), match[2]
        elif match[1] and (end := ends.get(at - 1)) is not None:
            yield match.start(), end + 1, text[at:end].strip()
            at = end + 1


def _closings(text: str, opening: str, closing: str) -> dict[int, int]:
    """Where each opening bracket is closed; those that are not are left out."""
    closings: dict[int, int] = {}
    waiting: list[int] = []
    for match in re.finditer(f"[{opening}{closing}]", text):
        if match.group() == opening:
            waiting.append(match.start())
        elif waiting:
            closings[waiting.pop()] = match.start()
    return closings


def _value(text: Text) -> Text:
    """An assignment's value without its comment; lines joined."""
    comment = re.search(r"(?:^|[ \t])#", text.text)
    text = text.slice(0, comment.start()) if comment else text
    blank = Text(" ", (-1,), ".")
    text = rewritten(
        text,
        (
            (*match.span(), blank)
            for match in re.finditer(r"(?<![ \t])[ \t]*+\\\n[ \t]*+", text.text)
        ),
    )
    return text.slice(0, len(text.text.rstrip()))


def _outside(define: re.Match[str]) -> str:
    """A definition as it is read outside recipes: rules of its own stay, for an `eval` makes them
    the file's."""
    if _RULE.search(define[2]):
        lead, end = define.start(2) - define.start(), define.end(2) - define.start()
        return " " * (lead - 1) + "\n" + define[2] + re.sub(r"[^\n]", " ", define.group()[end:])
    return re.sub(r"[^\n]", " ", define.group())


def recipes(text: str) -> Iterator[Text]:
    """Each recipe: its tab-indented logical lines, and what stands behind `target: ;`."""
    block: list[Text] = []
    at = 0
    outside = _DEFINE.sub(_outside, text)
    for match in re.finditer(r"(?:\\\n|[^\n])*(?:\n|\Z)", outside):
        line = match.group()
        if line.startswith("\t"):
            block.append(Text.cut(text, match.start() + 1, match.end()))
        elif line.strip() and not line.lstrip().startswith(("#", "if", "else", "endif")):
            if block:
                yield joined(block)
            block = []
            inline = re.match(r"[^\s#=][^=#\n:]*+:[^=\n;]*+;", line)
            if inline:
                yield Text.cut(text, match.start() + inline.end(), match.end())
        at = match.end()
        if at >= len(text):
            break
    if block:
        yield joined(block)


def _read(source: Source) -> Iterator[Reading]:
    known = _Variables(source.text)
    reading = Shell(source.text)
    for recipe in recipes(source.text):
        expanded = known.expand(_plain(recipe))
        if "helm" in expanded.text.lower() or TAIL in expanded.text:
            read(reading, expanded, Env(), templates=False)
    shells = re.finditer(r"\$\(shell ((?:[^()\n]|\([^()\n]*\))*)\)", source.text)
    for match in shells:
        read(
            reading,
            known.expand(Text.cut(source.text, match.start(1), match.end(1))),
            Env(),
            templates=False,
        )
    yield from invocations(source, reading.runs)


def _plain(recipe: Text) -> Text:
    """The recipe without make's own prefixes (`@`, `-`, `+`) of its logical lines."""
    starts = [0, *(match.end() for match in re.finditer(r"(?<!\\)\n", recipe.text))]
    prefixes = (_PREFIX.match(recipe.text, start) for start in starts)
    return filled(recipe, (prefix.span() for prefix in prefixes if prefix), " ")


READER = Reader(_read)
