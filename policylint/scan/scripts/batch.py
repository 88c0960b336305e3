"""Windows batch scripts: each line that begins with helm, its continuations and variables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from policylint.runtime.patterns import pattern
from policylint.scan.invocations.commands import invocations
from policylint.scan.invocations.model import Invocation, Job
from policylint.scan.shells.env import Env, Value
from policylint.scan.shells.runs import Shell
from policylint.scan.shells.shell import read_part
from policylint.scan.shells.syntax import prepare
from policylint.scan.texts.source import Source
from policylint.scan.texts.text import TAIL, Text, rewritten

_COMMAND = pattern(
    r"(?:^|[{};|=(]|&&?|\b(?:call|do|else|then|not|errorlevel \d)\s|@)[ \t]*+&?[ \t]*+"
    r"(\"?(?:[\w.:$%{}\\/-]{0,255}[\\/])?helm(?:file)?(?:\.exe)?\"?|\$\{?(?:env:)?helm\w*\}?|eval)"
    r"[ \t]+(?=[\w\"'$%-])",
    re.IGNORECASE | re.MULTILINE,
)
_REMARK = pattern(r"^[ \t@]*(?:#|rem\b|::|echo\b|Write-\w+)", re.IGNORECASE)
_BATCH = pattern(r"^[ \t@]*set[ \t]+\"?(\w+)=([^\"\n]*?)\"?[ \t]*$", re.IGNORECASE | re.MULTILINE)


def batch(
    source: Source, text: Text, known: Mapping[str, Text], job: Job | None = None
) -> Iterator[Invocation]:
    """The invocations of a batch script."""
    text = prepare(text)
    values = {**known, **_assigned(text, _BATCH, 2)}
    changes = []
    for match in re.finditer(r"%(\w+)%|%~?(\d)|%\*", text.text):
        value = values.get(match[1] or "")
        if value is not None and value.known is not None:
            plain = value.text
        else:
            plain = TAIL
        new = Text.standing(Text.of(plain), text.at[match.start()], text.at[match.end() - 1] + 1)
        changes.append((match.start(), match.end(), new))
    yield from read(source, rewritten(text, changes), values, "^", job)


def _assigned(text: Text, assignment: re.Pattern[str], group: int) -> dict[str, Text]:
    """Variables assigned once and plainly."""
    values: dict[str, list[Text]] = {}
    for match in assignment.finditer(text.text):
        value = text.slice(match.start(group), match.end(group))
        values.setdefault(match[1], []).append(value)
    return {name: texts[0] for name, texts in values.items() if _agree(texts)}


def _agree(texts: Iterable[Text]) -> bool:
    return len({text.text for text in texts}) == 1


def read(
    source: Source, text: Text, values: Mapping[str, Value], glue: str, job: Job | None
) -> Iterator[Invocation]:
    """The invocations of a script for Windows whose variables have these values; `glue` continues a
    line."""
    reading = Shell(source.text)
    text = _continued(text, glue)
    for line in re.finditer(r"(?:\\\n|[^\n])+", text.text):
        if not line.group() or _REMARK.match(line.group()):
            continue
        match = _COMMAND.search(line.group())
        if match or "helm" in line.group().lower():
            part = text.slice(line.start() + (match.start(1) if match else 0), line.end())
            read_part(reading, _shell(part), Env(dict(values)))
    yield from invocations(source, reading.runs, job)


def _continued(text: Text, glue: str) -> Text:
    """Line continuations as a shell has them, and other backslashes as plain characters."""
    changes = []
    for match in re.finditer(r"\\(?!\n)|" + re.escape(glue) + r"[ \t]*\n", text.text):
        if match[0] == "\\":
            changes.append((match.start(), match.start(), Text.of("\\")))
        else:
            changes.append((match.start(), match.end() - 1, Text(" \\", (-1, -1), "..")))
    return rewritten(text, changes)


def _shell(part: Text) -> Text:
    """One command, without the braces that close the block around it."""
    depth = 0
    for index, char in enumerate(part.text):
        depth += (char in "{(") - (char in "})")
        if depth < 0:
            return part.slice(0, index)
    return part
