"""PowerShell scripts: each statement that runs helm, with the strings and arrays that the script
puts together.

What PowerShell writes otherwise than a shell (`$env:X`, `$x.Key`, `@splat`, backticks) is written
as a shell has it, each character where it stands; the commands are then read as shell commands.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from policylint.runtime.patterns import pattern
from policylint.scan.invocations.model import Invocation, Job
from policylint.scan.scripts.batch import read
from policylint.scan.shells.env import Value
from policylint.scan.shells.syntax import prepare
from policylint.scan.texts.source import Source
from policylint.scan.texts.text import HOLE, Text, Word, filled, rewritten

_OPENING = pattern(r"@([\"'])(?=\n)|<#|(?<![^\s;{}()])#[^\n]*")
"""A here-string, a block of comment or a comment."""
_ASSIGN = pattern(
    r"(?:^|[;{(,])[ \t]*(?:\[(?:[^\[\]\n]|\[\])*\]\s*)*"
    r"\$(?:\w+:)?(\w+)[ \t]*(\+?=)(?!=)[ \t]*(@\(|(?=[\"'])|[^\n;]*)",
    re.MULTILINE,
)
_STRING = pattern(r"\"(?:`.|\"\"|[^\"`])*\"|'(?:''|[^'])*'", re.DOTALL)
_ITEM = pattern(r"\"(?:`.|\"\"|[^\"`])*\"|'(?:''|[^'])*'|\$[\w:]+|[^\s,;()\"']+", re.DOTALL)
_PLAIN = pattern(r"\$?[\w./-]+$")
_INNER = pattern(r"\$\((?:[^()\n]|\([^()\n]*\))*+\)|\$\{?[\w:]+\}?")
_BRACE = pattern(_STRING.pattern + r"|[{}]", re.DOTALL)
_BRACKET = pattern(_STRING.pattern + r"|[()]", re.DOTALL)
_LONGEST = 5_000
"""The characters within which a list is closed."""
_PARAMETERS = pattern(r"\bparam\s*\(", re.IGNORECASE)
_VARIABLE = pattern(
    r"\$\(\s*\$(?:\w+:)?(\w+)\s*\)"  # $($name)
    r"|\$(?:\{(?:\w+:)?(\w+)\}|(?:\w+:(?!:))?([A-Za-z_]\w*))"  # ${name} $env:x
    r"((?:\.\w+|\[[^\]\n]*\]|::\w+)*)"  # $a.b[0]
)
_SPLAT = pattern(r"(?<=\s)@([A-Za-z]\w*)(?=\s|$)")
_RUNNERS = pattern(
    r"\b(?:Invoke-Expression|iex)\b(?:[ \t]+-Command\b)?|\bcmd(?:\.exe)?[ \t]+/[cC]\b"
    r"|\bInvoke-Command\b",
    re.IGNORECASE,
)
_STARTED = pattern(
    r"\bStart-Process\b[ \t]+(?:-NoNewWindow[ \t]+|-Wait[ \t]+)*(?:-FilePath[ \t]+)?[\"']?(?=helm)",
    re.IGNORECASE,
)
_LISTED = pattern(
    r"[\"']?[ \t]+(?:-Wait[ \t]+|-NoNewWindow[ \t]+)*-ArgumentList[ \t]+([^\n;|]*)", re.IGNORECASE
)


def powershell(
    source: Source, text: Text, known: Mapping[str, Text], job: Job | None = None
) -> Iterator[Invocation]:
    """The invocations of a PowerShell script."""
    text = prepare(text)
    text = filled(text, _silent(text.text), " ")
    values: dict[str, Value | None] = {name.lower(): value for name, value in known.items()}
    blocks = _Blocks.of(text.text)
    for assignment in _ASSIGN.finditer(text.text):
        if not blocks.overridden(assignment.start(1)):
            _assign(text, assignment, values, inside=blocks.depth(assignment.start(1)) > 0)
    settled = {name: value for name, value in values.items() if value is not None}
    yield from read(source, _written(text, settled), settled, "`", job)


def _silent(text: str) -> Iterator[tuple[int, int]]:
    """Where here-strings and comments stand; what is opened and never closed is none."""
    at = 0
    unclosed: set[str] = set()
    while match := _OPENING.search(text, at):
        at, mark = match.end(), match.group()
        if mark.startswith("#"):
            yield match.span()
        elif mark not in unclosed:
            closing = re.compile(rf"^[ \t]*{match[1]}@" if match[1] else "#>", re.MULTILINE).search(
                text, at
            )
            if closing:
                at = closing.end()
                yield match.start(), at
            else:
                unclosed.add(mark)


class _Blocks(Struct, frozen=True):
    """Where the blocks of a script begin and end, and where the parameters of its functions
    stand."""

    at: tuple[int, ...]
    depths: tuple[int, ...]
    parameters: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, text: str) -> _Blocks:
        """The blocks of a text; braces in strings are none."""
        starts, depths = [], [0]
        for match in _BRACE.finditer(text):
            if match.group() in "{}":
                starts.append(match.start())
                depths.append(depths[-1] + (1 if match.group() == "{" else -1))
        blocks = cls(tuple(starts), tuple(depths), ())
        opened = [
            match.end() for match in _PARAMETERS.finditer(text) if blocks.depth(match.start()) > 0
        ]
        return replace(blocks, parameters=tuple((at, _closing(text, at)) for at in opened))

    def depth(self, at: int) -> int:
        """How many blocks are open at a position."""
        return self.depths[bisect_left(self.at, at)]

    def overridden(self, at: int) -> bool:
        """Whether an assignment is the default of a function's parameter, which its callers
        give."""
        index = bisect_right(self.parameters, at, key=lambda span: span[0]) - 1
        return index >= 0 and at < self.parameters[index][1]


def _assign(
    text: Text, match: re.Match[str], values: dict[str, Value | None], *, inside: bool
) -> None:
    """Note what one assignment makes of a variable; one that may not be reached leaves it
    unknown."""
    name, operator = match[1].lower(), match[2]
    if match[3] == "@(":
        value: Value | None = _items(text, match.end(), _closing(text.text, match.end()))
    else:
        value = _scalar(text, match)
    if operator == "+=":
        values[name] = _appended(values.get(name), value, inside=inside)
    elif inside and name in values and values[name] != value:
        values[name] = None
    else:
        values[name] = value


def _appended(before: Value | None, value: Value | None, *, inside: bool) -> Value | None:
    """A list with more words, those inside a block as words that may be missing."""
    if not isinstance(before, tuple) or value is None:
        return None
    if isinstance(value, tuple):
        more = value
    else:
        more = (Word(value, value.text, quoted=True),)
    if inside:
        return (*before, *map(_maybe, more))
    return (*before, *more)


def _scalar(text: Text, match: re.Match[str]) -> Value | None:
    """A string, a number, a switch or `"a", "b"`; None for what PowerShell works out."""
    if not match[3]:
        quoted = _STRING.match(text.text, match.end())
    else:
        quoted = None
    if quoted is None:
        start, plain = match.start(3), match[3].rstrip(" \t,)")
        if plain[:1].isdigit() and _PLAIN.match(plain):
            return text.slice(start, start + len(plain))
        return None
    behind = re.compile(r"[ \t]*(?:([;\n})]|\Z)|(,))[ \t]*(\n?)").match(text.text, quoted.end())
    if behind is None:
        return None
    if behind[2] and not re.compile(r"\s*(?:\[|\$)").match(text.text, behind.end()):
        line = text.text.find("\n", match.end())
        return _items(text, match.end(), line if line >= 0 else len(text.text))
    return _string(text, quoted)


def _string(text: Text, match: re.Match[str]) -> Text:
    """A string's text; what a double-quoted one puts in cannot be told."""
    inner = text.slice(match.start() + 1, match.end() - 1)
    if match.group().startswith('"'):
        inner = filled(inner, (hole.span() for hole in _INNER.finditer(inner.text)), HOLE)
    return inner


def _items(text: Text, start: int, end: int) -> tuple[Word, ...]:
    """The words of an array; what is no string or plain word cannot be told."""
    words = []
    for match in _ITEM.finditer(text.text, start, end):
        part = text.slice(match.start(), match.end())
        span = (part.start, part.end)
        if match.group()[0] in "\"'":
            words.append(Word(_string(text, match), match.group(), span, quoted=True))
        elif match.group().startswith("$"):
            words.append(Word(Text(HOLE, (part.start,), "."), match.group(), span, quoted=True))
        else:
            words.append(Word(part, match.group(), span, quoted=True))
    return tuple(words)


def _maybe(word: Word) -> Word:
    return Word(word.text, word.raw, word.span, word.quoted, maybe=True)


def _closing(text: str, at: int) -> int:
    """The position of the bracket that closes a list; where none does it soon, that of what opens
    it."""
    depth = 1
    for match in _BRACKET.finditer(text, at, at + _LONGEST):
        depth += {"(": 1, ")": -1}.get(match.group(), 0)
        if depth == 0:
            return match.start()
    return at


def _written(text: Text, values: Mapping[str, Value]) -> Text:
    """The script with variables, splats and calls as a shell would write them."""
    parts = [
        *_VARIABLE.finditer(text.text),
        *_SPLAT.finditer(text.text),
        *_RUNNERS.finditer(text.text),
    ]
    parts += [*_STARTED.finditer(text.text)]
    literal = [
        (match.start(), match.end())
        for match in _STRING.finditer(text.text)
        if match.group()[0] == "'"
    ]
    starts = [start for start, _ in literal]
    changes, at = [], 0
    for match in sorted(parts, key=lambda part: part.start()):
        within = bisect_right(starts, match.start()) - 1
        if match.start() < at or (within >= 0 and match.start() < literal[within][1]):
            continue
        quoted, at = _quoted(text.text, match.start()), match.end()
        changes.append((match.start(), at, _shown(text, match, values, quoted=quoted)))
    return _arguments(rewritten(text, changes))


def _quoted(text: str, at: int) -> bool:
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line.replace('`"', "").count('"') % 2 == 1


def _shown(text: Text, match: re.Match[str], values: Mapping[str, Value], *, quoted: bool) -> Text:
    """What one of PowerShell's own words is in a shell."""
    if match.re.pattern == _SPLAT.pattern:
        new = f'"${{{match[1].lower()}[@]}}"'
    elif match.re.pattern == _RUNNERS.pattern:
        new = "eval"
    elif match.re.pattern == _STARTED.pattern:
        new = ""
    else:
        new = _variable(match, values, quoted=quoted)
    place, last = text.at[match.start()], text.at[match.end() - 1]
    at = (*(place,) * (len(new) - 1), last) if new else ()
    return Text(new, at, "." * len(new))


def _variable(match: re.Match[str], values: Mapping[str, Value], *, quoted: bool) -> str:
    """A variable as a shell has it: a list as all of its words, a property as what nobody knows."""
    member = match[4] or ""
    if member and not (quoted and member.startswith(".")):
        return HOLE
    name = (match[1] or match[2] or match[3]).lower()
    is_list = isinstance(values.get(name), tuple) and not quoted
    return (f'"${{{name}[@]}}"' if is_list else f"${{{name}}}") + member


def _arguments(text: Text) -> Text:
    """`Start-Process helm -ArgumentList "a", "b"` as `helm a b`."""
    changes = []
    for match in re.finditer(r"\bhelm(?:file)?(?:\.exe)?(?=[\"']?[ \t]+-)", text.text):
        listed = _LISTED.match(text.text, match.end())
        if listed is not None:
            arguments = text.slice(listed.start(1), listed.end(1))
            arguments = filled(
                arguments,
                (char.span() for char in re.finditer(r",|@\(|\)|\"|'", arguments.text)),
                " ",
            )
            changes.append((match.end(), listed.end(), Text.of(" ") + arguments))
    return rewritten(text, changes)
