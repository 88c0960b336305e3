"""What every reader of declarations makes: a declared release, and the invocation it stands for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from policylint.errors import ReadError, RuleFailure
from policylint.scan.invocations.model import UNSET, Assignment, Flag, Invocation, Written
from policylint.scan.invocations.reader import Reading
from policylint.scan.invocations.settings import Setting, varies
from policylint.scan.texts.source import Place, Source
from policylint.scan.texts.yaml import Tree


class Word(Struct, frozen=True):
    """A text of a declaration: None where there is none, or where it is decided elsewhere
    (`dynamic`)."""

    text: str | None = None
    dynamic: bool = False
    written: str = ""


class Declaration(Struct, frozen=True):
    """One declared release; `place` is that of its item, block or document."""

    tool: str
    place: Place
    release: Word = Word()
    chart: Word = Word()
    version: Word = Word()
    namespace: Word = Word()
    settings: Mapping[str, Setting] = field(default_factory=dict)
    values: tuple[str, ...] = ()
    """The files that give values; `INLINE` for values written in the declaration itself."""
    sets: tuple[str, ...] = ()
    """The names of values set one by one."""
    inline: tuple[Written, ...] = ()
    assigned: tuple[Assignment, ...] = ()
    """Those of `sets` whose types Helm guesses."""
    action: str = "upgrade"
    hidden: bool = False
    """Whether a template or another file may set flags that are not seen here."""
    syntax: str = "yaml"


Read = Declaration | ReadError
"""What the module of one tool yields."""


def word(tree: Tree | None, default: str | None = None) -> Word:
    """The text of a scalar; a template or a variable in it makes it unknown."""
    if tree is None or tree.text is None:
        return Word(default, bool(tree and tree.open))
    if tree.dynamic or varies(tree.text):
        return Word(None, True, tree.text)
    return Word(tree.text or default, False, tree.text)


def first(*words: Word) -> Word:
    """The first that says something."""
    return next((item for item in words if item.text is not None or item.dynamic), Word())


def readings(items: Iterable[Read], source: Source) -> Iterator[Reading]:
    """The invocations and failures that a tool's declarations are."""
    try:
        for item in items:
            if isinstance(item, ReadError):
                yield _failure(item, source)
            else:
                yield invocation(item, source)
    except RecursionError:
        yield _failure(
            ReadError("nested too deeply", line=1, remedy="no declaration of a release needs this"),
            source,
        )


def _failure(error: ReadError, source: Source) -> RuleFailure:
    message = f"{source.file}:{error.line}: {error.message}; releases declared there are not judged"
    return RuleFailure("scan", message, error.remedy)


def invocation(declared: Declaration, source: Source) -> Invocation:
    """The declaration as one way of running Helm."""
    words = {name: getattr(declared, name) for name in ("release", "chart", "version", "namespace")}
    flags = {name: _flag(setting, source) for name, setting in declared.settings.items()}
    for name in ("version", "namespace"):
        if words[name].text is not None or words[name].dynamic or not declared.hidden:
            flags.setdefault(name, _named(words[name]))
    return Invocation(
        file=source.file,
        line=declared.place.line,
        column=declared.place.column,
        tool=declared.tool,
        action=declared.action,
        release=declared.release.text,
        chart=declared.chart.text,
        version=declared.version.text,
        namespace=declared.namespace.text,
        flags=flags,
        values_files=declared.values,
        sets=declared.sets,
        inline=_inline(declared, source),
        assigned=declared.assigned,
        dynamic=declared.hidden,
        written={name: text.written for name, text in words.items() if text.written},
        syntax=declared.syntax,
        span=source.placed(declared.place),
    )


def _named(field: Word) -> Flag:
    if field.dynamic:
        return Flag("set" if field.written else "unknown")
    if field.text is not None:
        return Flag("set", field.text)
    return UNSET


def _flag(setting: Setting, source: Source) -> Flag:
    if setting.place.line:
        origin = source.placed(setting.place)
    else:
        origin = None
    return Flag(setting.state, setting.value, origin, setting.written)


def _inline(declared: Declaration, source: Source) -> tuple[Written, ...]:
    """The declaration's own values, each under the name of its file."""
    return tuple(
        replace(document, file=document.file or source.file) for document in declared.inline
    )
