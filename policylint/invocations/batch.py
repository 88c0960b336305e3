"""PowerShell and Windows batch scripts: each line that begins with helm, its continuations and variables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from policylint.invocations.commands import invocations
from policylint.invocations.model import Invocation, Job
from policylint.invocations.shell import Shell
from policylint.invocations.shellenv import Env
from policylint.invocations.shellsyntax import prepare
from policylint.invocations.source import Found, Reader, Source
from policylint.invocations.text import TAIL, Text

_COMMAND = re.compile(
    r"(?:^|[{};|=(]|&&?|\b(?:call|do|else|then|not|errorlevel \d)\s|@)[ \t]*&?[ \t]*"
    r"(\"?(?:[\w.:$%{}\\/-]*[\\/])?helm(?:file)?(?:\.exe)?\"?|\$(?:env:)?helm\w*)[ \t]+(?=[\w\"'$%-])",
    re.IGNORECASE | re.MULTILINE,
)
_REMARK = re.compile(r"^[ \t@]*(?:#|rem\b|::|echo\b|Write-\w+)", re.IGNORECASE)
_POWERSHELL = re.compile(
    r"^[ \t]*(?:\[\w+\])?\$(?:env:|script:|global:)?(\w+)[ \t]*=[ \t]*([\"']?)([^\"'\n@(){}]*)\2[ \t;]*$", re.M
)
_BATCH = re.compile(r"^[ \t@]*set[ \t]+\"?(\w+)=([^\"\n]*)\"?[ \t]*$", re.IGNORECASE | re.MULTILINE)
_HERE = re.compile(r"@([\"'])\n.*?\n\1@", re.DOTALL)
_COMMENTS = re.compile(r"<#.*?#>", re.DOTALL)


def powershell(source: Source, text: Text, known: Mapping[str, Text], job: Job | None = None) -> Iterator[Invocation]:
    """The invocations of a PowerShell script."""
    text = prepare(text)
    for pattern in (_HERE, _COMMENTS):
        for match in pattern.finditer(text.text):
            text = text.put(match.start(), match.end(), " ")
    values = {**known, **_assigned(text, _POWERSHELL, 3)}
    for match in re.finditer(r"(?<=\s)@[A-Za-z]\w*(?=\s|$)", text.text):
        text = text.put(match.start(), match.end(), TAIL)
    for match in re.finditer(r"\$env:(?=\w)|(?<=\$\{)env:", text.text, re.IGNORECASE):
        text = text.splice(match.start(), match.end(), Text.of("$" if match[0][0] == "$" else ""))
    yield from _read(source, text, values, "`", job)


def batch(source: Source, text: Text, known: Mapping[str, Text], job: Job | None = None) -> Iterator[Invocation]:
    """The invocations of a batch script."""
    text = prepare(text)
    values = {**known, **_assigned(text, _BATCH, 2)}
    for match in reversed(list(re.finditer(r"%(\w+)%|%~?(\d)|%\*", text.text))):
        value = values.get(match[1] or "")
        plain = value.text if value is not None and value.known is not None else TAIL
        text = text.splice(
            match.start(), match.end(), Text(plain, (text.at[match.start()],) * len(plain), "." * len(plain))
        )
    yield from _read(source, text, values, "^", job)


def _assigned(text: Text, pattern: re.Pattern[str], group: int) -> dict[str, Text]:
    """Variables assigned once and plainly."""
    found: dict[str, list[Text]] = {}
    for match in pattern.finditer(text.text):
        found.setdefault(match[1], []).append(text.slice(match.start(group), match.end(group)))
    return {name: values[0] for name, values in found.items() if len({value.text for value in values}) == 1}


def _read(source: Source, text: Text, values: Mapping[str, Text], glue: str, job: Job | None) -> Iterator[Invocation]:
    reading = Shell(source.text)
    text = _continued(text, glue)
    for line in re.finditer(r"(?:\\\n|[^\n])+", text.text):
        if not line.group() or _REMARK.match(line.group()):
            continue
        for match in _COMMAND.finditer(line.group()):
            part = text.slice(line.start() + match.start(1), line.end())
            reading.script(_shell(part), Env(dict(values)))
            break
    yield from invocations(source, reading.runs, job)


def _continued(text: Text, glue: str) -> Text:
    """Line continuations as a shell has them, and other backslashes as plain characters."""
    for match in reversed(list(re.finditer(r"\\(?!\n)|" + re.escape(glue) + r"[ \t]*\n", text.text))):
        if match[0] == "\\":
            text = text.splice(match.start(), match.start(), Text.of("\\"))
        else:
            text = text.splice(match.start(), match.end() - 1, Text(" \\", (-1, -1), ".."))
    return text


def _shell(part: Text) -> Text:
    """One command, without the braces that close the block around it."""
    depth = 0
    for index, char in enumerate(part.text):
        depth += (char in "{(") - (char in "})")
        if depth < 0:
            return part.slice(0, index)
    return part


def _wants(source: Source) -> bool:
    return source.path.suffix.lower() in (".ps1", ".psm1", ".bat", ".cmd")


def _file(source: Source) -> Iterator[Found]:
    text = Text.cut(source.text, 0, len(source.text))
    reader = powershell if source.path.suffix.lower() in (".ps1", ".psm1") else batch
    yield from reader(source, text, {})


READER = Reader("batch", _wants, _file, rank=1)
