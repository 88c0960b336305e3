"""Commands found in a file -> invocations, one for each place: what several readings of one place
agree on is known."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from policylint.scan.invocations.model import Assignment, Flag, Invocation, Job
from policylint.scan.shells import flags as tables
from policylint.scan.shells.argv import Command, FlagUse, parse, shown
from policylint.scan.shells.env import Env
from policylint.scan.shells.installed import installed
from policylint.scan.shells.runs import Run, Shell
from policylint.scan.shells.shell import read
from policylint.scan.shells.wrappers import Call, calls
from policylint.scan.texts.source import Place, Source
from policylint.scan.texts.text import Text, Word


def listed(source: Source, text: Text, env: Env | None = None) -> Iterator[Invocation]:
    """The invocations of a command given as a list of words, into which no further word can be
    written as text."""
    for invocation in shell(source, text, env):
        yield replace(invocation, insertion=None, syntax="yaml")


def shell(
    source: Source, text: Text, env: Env | None = None, job: Job | None = None
) -> Iterator[Invocation]:
    """The invocations of one script of a file."""
    reading = Shell(source.text)
    read(reading, text, env)
    yield from invocations(source, reading.runs, job)


def invocations(
    source: Source, runs: Iterable[Run], job: Job | None = None
) -> Iterator[Invocation]:
    """One invocation for each place where helm is run, in order of their places."""
    places: dict[int, list[Invocation]] = {}
    version = installed(source.text)
    for run in runs:
        if run.command is not None:
            invocation = _invocation(source, run, run.command, job)
            places.setdefault(run.site, []).append(
                replace(invocation, helm_version=_version(run.call, version))
            )
    for site in sorted(places):
        yield merged(places[site])


def parse_command(argv: Sequence[str]) -> Invocation | None:
    """The invocation of one command line, `["helm", "upgrade", ...]`; None where it runs no
    helm."""
    words = [Word(Text.of(argument), argument) for argument in argv]
    call = next((item for item in calls(words) if isinstance(item, Call)), None)
    command = parse(call.words, call.tool) if call else None
    if call is None or command is None:
        return None
    invocation = _invocation(Source("", ""), Run(call, command, 0, (0, 0), {}), command, None)
    return replace(
        invocation, line=0, column=0, insertion=None, span=None, helm_version=_version(call, "")
    )


def _version(call: Call, elsewhere: str) -> str:
    named = re.search(
        r"helm[-_]?v?([234](?:\.\d+)*)(?:\.exe)?$|helm[\w.-]{0,255}:v?([234](?:\.\d+)*)",
        call.word.text.text,
    )
    if named:
        return next((group for group in named.groups() if group), elsewhere)
    return elsewhere


def _invocation(source: Source, run: Run, command: Command, job: Job | None) -> Invocation:
    place = source.place(max(run.site, 0))
    version, namespace = command.last("version"), command.last("namespace")
    release, chart = command.names.get("release"), command.names.get("chart")
    return Invocation(
        file=source.file,
        line=place.line,
        column=place.column,
        tool=command.tool,
        action=command.action if command.verb is None or command.verb.known else "",
        release=release.known if release else None,
        chart=chart.known if chart else None,
        version=None if command.action == "plugin" else _text(version),
        namespace=_text(namespace),
        flags=_flags(source, command),
        values_files=command.values(),
        sets=command.sets(),
        assigned=tuple(_assigned(source, command)),
        dynamic=command.dynamic,
        written=_written(command, version, namespace),
        positionals=tuple(word.known for word in command.positionals),
        job=job,
        environment=dict(run.env),
        repeated=command.repeated(),
        insertion=_insertion(source, run.call, command),
        span=source.place(*run.span) if run.span[0] >= 0 else None,
        command=command,
    )


def _text(flag: FlagUse | None) -> str | None:
    if flag and flag.value is not None and not flag.maybe:
        return flag.value.known
    return None


def _written(
    command: Command, version: FlagUse | None, namespace: FlagUse | None
) -> dict[str, str]:
    spelled = {name: word.raw or shown(word.text) for name, word in command.names.items()}
    if command.verb is not None:
        spelled["action"] = command.verb.raw or shown(command.verb.text)
    for name, flag in (("version", version), ("namespace", namespace)):
        if flag is not None:
            spelled[name] = flag.words[-1].raw if len(flag.words) > 1 else shown(flag.value)
    return spelled


def _flags(source: Source, command: Command) -> Mapping[str, Flag]:
    """Each flag by Helm 3's name; the last giving of one counts, a certain one before it makes it
    certain."""
    flags: dict[str, Flag] = {}
    for use in command.flags:
        if command.tool == "helm":
            name = tables.canonical(use.option.name)
        else:
            name = use.option.name
        before = flags.get(name)
        flag = Flag(use.state, None if use.maybe else use.data, _origin(source, use), use.written)
        if use.maybe and before is not None and before.state == "set" and use.data is not False:
            flag = replace(before, value=before.value if before.value is True else None)
        flags[name] = flag
    return flags


def _assigned(source: Source, command: Command) -> Iterator[Assignment]:
    for flag in command.flags:
        if (
            flag.option.name == "set"
            and not flag.maybe
            and flag.value is not None
            and flag.value.known is not None
        ):
            yield Assignment(flag.value.known, _origin(source, flag))


def _origin(source: Source, flag: FlagUse) -> Place | None:
    ranges = [span for word in flag.words if (span := _range(source, word)) is not None]
    if not ranges:
        return None
    (start, first), (_, last) = ranges[0], ranges[-1]
    return source.place(start, last if last > start else first)


def _range(source: Source, word: Word) -> tuple[int, int] | None:
    """Where a word stands, quotes included: in the command, or in the variable or array that it
    came from."""
    (start, end), (first, last) = (word.text.start, word.text.end), word.span
    if first >= 0 and (start < 0 or first <= start < last):
        return first, last
    if start < 0 or end <= start:
        return None
    around = source.text[start - 1 : start], source.text[end : end + 1]
    if around[0] == around[1] and around[0] in ("'", '"'):
        return (start - 1, end + 1)
    return (start, end)


def _insertion(source: Source, call: Call, command: Command) -> Place | None:
    """Behind the chart where it is written in the command, else behind the verb (`repo add`, whose
    flags it has)."""
    words = command.positionals[:1] if tables.subcommands(command.action) else (command.verb,)
    for word in (command.names.get("chart"), *words):
        if word is not None and not word.maybe:
            span = _written_at(source, call, word)
        else:
            span = None
        if span is not None:
            return source.place(span[1], span[1])
    return None


def _written_at(source: Source, call: Call, word: Word) -> tuple[int, int] | None:
    """Where a further word can be written behind one: where the command uses it.

    Where the whole command comes from one variable, or from a wrapper's arguments, that is inside
    of these; None for a word there that comes from a variable of its own.
    """
    if 0 <= call.word.span[0] < word.span[0]:
        return word.span
    span = _range(source, word)
    if span and any(_beside(source, part, span) for part in (call.word, *call.words)):
        return span
    return None


def _beside(source: Source, word: Word, place: tuple[int, int]) -> bool:
    """Whether only blanks and quotes stand between a word and the place of the next."""
    ends = word.text.end
    return 0 <= ends <= place[0] and not source.text[ends : place[0]].strip(" \t\n\\\"'")


def merged(readings: Sequence[Invocation]) -> Invocation:
    """One place read several times (a function called twice, a loop): what differs cannot be
    told."""
    first, *rest = readings
    for reading in rest:
        hidden = first.dynamic or reading.dynamic
        names = {*first.flags, *reading.flags}
        first = replace(
            first,
            release=_same(first.release, reading.release),
            chart=_same(first.chart, reading.chart),
            version=_same(first.version, reading.version),
            namespace=_same(first.namespace, reading.namespace),
            action=first.action or reading.action,
            flags={name: _flag(first.flag(name), reading.flag(name)) for name in names},
            dynamic=hidden,
            values_files=max(first.values_files, reading.values_files, key=len),
            sets=max(first.sets, reading.sets, key=len),
            command=first.command if _alike(first.command, reading.command) else None,
        )
    return first


def _alike(left: Command | None, right: Command | None) -> bool:
    """Whether two readings are the same words."""
    return left is not None and right is not None and _texts(left) == _texts(right)


def _texts(command: Command) -> list[tuple[str, str]]:
    flags = [(flag.option.name, flag.value.text if flag.value else "") for flag in command.flags]
    return [*flags, *(("", word.text.text) for word in command.positionals)]


def _same(left: str | None, right: str | None) -> str | None:
    if left == right:
        return left
    return None


def _flag(left: Flag, right: Flag) -> Flag:
    if left.state == right.state:
        if left.value == right.value:
            return left
        return replace(left, value=None)
    return Flag("unknown", None, left.origin or right.origin, left.written or right.written)
