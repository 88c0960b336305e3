"""Jenkins pipelines: the strings given to sh, bat and powershell, with what Groovy puts into
them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from policylint.runtime.digits import whole_or
from policylint.runtime.patterns import pattern
from policylint.scan.invocations.model import Job
from policylint.scan.invocations.reader import Reader, Reading
from policylint.scan.scripts.ci import script
from policylint.scan.texts.source import Source
from policylint.scan.texts.text import TAIL, Text, joined

_STEP = pattern(
    r"\b(sh|bat|powershell|pwsh)\b[ \t]*+\(?\s*+"
    r"(?=[\"'/({]|(?:script|return\w+|label|encoding)\s*:|[A-Za-z_]\w*[ \t]*(?:\)|$))",
    re.MULTILINE,
)
_HELPER = pattern(r"\b([A-Za-z]\w*+)(?!\.)[ \t]*\(?[ \t]*(?:[\w.]++[ \t]*[,:]\s*)*+(?=[\"'])")
"""A method's name and the plain arguments before a string."""
_RUNS = frozenset(
    ["sh", "ssh", "shell", "bash", "exec", "execute", "run", "cmd", "command", "invoke"]
)
_NAMES = frozenset(["stage", "step", "test", "log", "title", "name", "label"])
_PARTS = pattern(r"_|(?<=[a-z])(?=[A-Z])")
_COMMAND = pattern(r"\s*(?:sudo\s+)?helm(?:file)?\s+(?:-|[a-z]+[\s\"']|[a-z]+\Z)")
_NAMED = pattern(r"\bscript\s*:\s*")
_LITERAL = pattern(r"(\"\"\"|'''|\"|'|\$/)")
_INTERPOLATION = pattern(r"\$\{((?:[^{}]|\{[^{}]*\})*)\}|\$([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)")
_ASSIGN = pattern(
    r"(?:^|[{;])[ \t]*(?:def\s+|String\s+|final\s+|static\s+|@Field\s+)*"
    r"([A-Za-z_]\w*)\s*=\s*(?=[\"'])",
    re.MULTILINE,
)
_ENV = pattern(r"withEnv\s*\(\s*\[")
_OPENING = pattern(
    r"(\"\"\"|'''|/\*|//)|\"(?:\\.|[^\"\\\n])*+\"|'(?:\\.|[^'\\\n])*+'",
)
_CLOSINGS = {"/*": "*/", "//": "\n"}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_LANGUAGES = {"sh": "bash", "bat": "cmd", "powershell": "pwsh", "pwsh": "pwsh"}
_TIMEOUT = pattern(r"\btimeout\s*\(\s*(?:time\s*:\s*)?(\d+)\s*(?:,\s*unit\s*:\s*['\"](\w+)['\"])?")
_UNITS = {"SECONDS": 1 / 60, "MINUTES": 1.0, "HOURS": 60.0, "DAYS": 1440.0}


class Literal(Struct, frozen=True):
    """A Groovy string: its text (escapes undone, interpolations unknown or known), where it
    ends."""

    text: Text
    end: int


def _read(source: Source) -> Iterator[Reading]:
    text = _without_comments(source.text)
    known = _variables(text)
    job = _job(text)
    taken = -1
    steps = sorted([*_STEP.finditer(text), *_helpers(text)], key=lambda match: match.start())
    for match in steps:
        if match.start() < taken or _inside(text, match.start()):
            continue
        argument = _argument(text, match.end(), known)
        if argument is None or (
            match.re.pattern == _HELPER.pattern and not _COMMAND.match(argument.text.text)
        ):
            continue
        taken = argument.end
        yield from script(source, argument.text, known, job, _LANGUAGES.get(match[1], "bash"))


def _helpers(text: str) -> Iterator[re.Match[str]]:
    """Calls of a pipeline's own methods that run a command, by their names: `getShResult(this,
    "...")`."""
    named = (
        (match, {*_PARTS.sub(" ", match[1]).lower().split()}) for match in _HELPER.finditer(text)
    )
    return (match for match, words in named if words & _RUNS and not words & _NAMES)


def _without_comments(text: str) -> str:
    """The text with Groovy's comments blanked; those inside strings stay."""
    parts: list[str] = []
    unclosed: set[str] = set()
    at = done = 0
    text += "\n"
    while match := _OPENING.search(text, at):
        at, mark = match.end(), match[1]
        closing = _CLOSINGS.get(mark, mark)
        if mark is None or mark in unclosed:
            end = -1
        else:
            end = text.find(closing, at)
        if end < 0:
            unclosed.add(mark)
            continue
        at = end if mark == "//" else end + len(closing)
        if mark in _CLOSINGS:
            parts += [text[done : match.start()], re.sub(r"[^\n]", " ", text[match.start() : at])]
            done = at
    return "".join([*parts, text[done:]])[:-1]


def _inside(text: str, at: int) -> bool:
    """Whether a position is inside a one-line string."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    bare = re.sub(r"\\.", "", line)
    return bare.count('"') % 2 == 1 or bare.count("'") % 2 == 1


def _argument(text: str, at: int, known: dict[str, Text]) -> Literal | None:
    """The script of a step: its first string, or the one named `script:`; strings joined by `+`."""
    parts: list[Text] = []
    end = _first_operand(text, at)
    while True:
        operand = _literal(text, end, known)
        if operand is None:
            operand = _variable(text, end, known, may_be_unknown=bool(parts))
        if operand is None:
            break
        parts.append(operand.text)
        end = operand.end
        plus = re.compile(r"\s*\+\s*").match(text, end)
        if plus is None:
            break
        end = plus.end()
    if parts:
        return Literal(joined(parts), end)
    return None


def _first_operand(text: str, at: int) -> int:
    if _LITERAL.match(text, at):
        return at
    close = text.find("\n\n", at)
    head = text[at : at + 400 if close < 0 else close]
    named = _NAMED.search(head.split("sh ")[0][:300])
    if named:
        return at + named.end()
    return at


def _variable(
    text: str, at: int, known: dict[str, Text], *, may_be_unknown: bool
) -> Literal | None:
    """A variable or call among the strings that are joined; the first operand has to be known."""
    variable = re.compile(r"[ \t]*([A-Za-z_][\w.]*(?:\([^()\n]*\))?)").match(text, at)
    if variable is None or not (may_be_unknown or variable[1] in known):
        return None
    value = known.get(variable[1]) or Text(TAIL, (variable.start(1),), ".")
    return Literal(value, variable.end())


def _literal(text: str, at: int, known: dict[str, Text]) -> Literal | None:
    blank = re.compile(r"\s*").match(text, at)
    at = blank.end() if blank else at
    opening = _LITERAL.match(text, at)
    if opening is None:
        return None
    mark = opening[1]
    closing = "/$" if mark == "$/" else mark
    start = at + len(mark)
    end = start
    while end < len(text) and not text.startswith(closing, end):
        if len(mark) == 1 and text[end] == "\n":
            return None
        end += 2 if text[end] == "\\" and mark != "$/" else 1
    body = Text.cut(text, start, min(end, len(text)))
    return Literal(_unescaped(body, mark.startswith('"'), known), end + len(closing))


def _unescaped(body: Text, interpolated: bool, known: dict[str, Text]) -> Text:
    """Escapes undone and `${...}` of a double-quoted string put in; an escaped dollar stays the
    shell's."""
    if interpolated:
        pattern = re.compile(r"\\(.)|" + _INTERPOLATION.pattern, re.DOTALL)
    else:
        pattern = re.compile(r"\\(.)()()", re.DOTALL)
    parts: list[Text] = []
    at = 0
    for match in pattern.finditer(body.text):
        parts.append(body.slice(at, match.start()))
        at = match.end()
        place = body.at[match.start()]
        if match[1] is not None:
            char = _ESCAPES.get(match[1], match[1])
            parts.append(
                Text(char, (place,), ".")
                if match[1] != "\n"
                else body.slice(match.start(), match.end())
            )
            continue
        name = (match[2] or match[3] or "").strip()
        if re.fullmatch(r"(?:env\.)?\w+", name):
            value = known.get(re.sub(r"^(?:env|params)\.", "", name))
        else:
            value = None
        if value is not None and value.known is not None:
            parts.append(Text.standing(value, place, body.at[match.end() - 1] + 1))
        else:
            size = match.end() - match.start()
            parts.append(Text(TAIL * size, body.at[match.start() : match.end()], "." * size))
    return joined([*parts, body.slice(at, len(body.text))])


def _variables(text: str) -> dict[str, Text]:
    """Variables given once and plainly: `def x = '...'`, `environment { X = "..." }`,
    `withEnv(["X=..."])`."""
    values: dict[str, list[Text]] = {}
    for match in _ASSIGN.finditer(text):
        literal = _literal(text, match.end(), {})
        if literal is not None and not re.compile(r"[ \t]*[+.?]").match(text, literal.end):
            values.setdefault(match[1], []).append(literal.text)
    for match in _ENV.finditer(text):
        block = text[match.end() : text.find("]", match.end())]
        for name, value in re.findall(r"[\"'](\w+)=([^\"'\n]*)[\"']", block):
            values.setdefault(name, []).append(Text.of(TAIL if "$" in value else value))
    return {name: texts[0] for name, texts in values.items() if _agree(texts)}


def _agree(texts: Iterable[Text]) -> bool:
    return len({text.text for text in texts}) == 1


def _job(text: str) -> Job:
    """The pipeline's time limit and whether it runs beside itself."""
    limits = [
        whole_or(count, 0) * _UNITS.get(unit.upper() or "MINUTES", 1.0)
        for count, unit in _TIMEOUT.findall(text)
    ]
    alone = "disableConcurrentBuilds" in text or re.search(r"\block\s*\(", text)
    if re.search(r"abortPrevious\s*:\s*true", text):
        cancels = True
    else:
        cancels = None
    return Job(
        "",
        limits[0] if len(limits) == 1 else None,
        "disableConcurrentBuilds" if alone else None,
        cancels,
    )


READER = Reader(_read)
