"""What a command takes, declared once by its signature, and read at once where the words are plain.

typer prints the help and words the complaints; importing it costs more than most checks, so that it
is asked only where `plain` gives up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, get_args, get_origin

from msgspec import Struct

from policylint.errors import UsageError
from policylint.runtime.patterns import pattern

Words = list[str]
_PART = pattern(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_DURATION = pattern(r"(?:\d{1,9}(?:\.\d{1,9})?(?:ms|h|m|s)){1,4}")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class Option(Struct, frozen=True):
    """How a parameter is spelled on the command line; without spellings it is the argument."""

    spellings: tuple[str, ...] = ()
    help: str = ""


class Parameter(Struct, frozen=True):
    """One parameter of a command: `kind` is str, bool, Path, list (repeatable) or a StrEnum."""

    name: str
    option: Option
    kind: type
    annotation: Any
    default: Any = ...
    """`...` where it must be given."""

    def value(self, text: str) -> object:
        """The value that a word spells; raises ValueError for a word that spells none."""
        if self.kind in (str, list):
            return text
        return self.kind(text)


def option(*spellings: str, help: str = "") -> Option:
    """An option of a command, for the annotation of its parameter."""
    return Option(spellings, help)


def argument(help: str) -> Option:
    """The argument of a command, for the annotation of its parameter."""
    return Option((), help)


def parameters(command: Callable[..., object]) -> tuple[Parameter, ...]:
    """The parameters of a function that are annotated as options or as the argument, in their
    order."""
    listed: tuple[Parameter, ...] | None = getattr(command, "parameters", None)
    if listed is not None:
        return listed
    return tuple(_annotated(command))


def _annotated(command: Callable[..., object]) -> Iterator[Parameter]:
    names = command.__code__.co_varnames[: command.__code__.co_argcount]
    defaults = command.__defaults__ or ()
    default = dict(zip(names[len(names) - len(defaults) :], defaults, strict=True))
    for name, annotation in command.__annotations__.items():
        origin: object = get_origin(annotation)
        if origin is Annotated:
            kind, spelled = get_args(annotation)
            yield Parameter(name, spelled, _kind(kind), kind, default.get(name, ...))


def _kind(annotation: Any) -> type:
    """The type of a parameter whose annotation may say `| None`."""
    if isinstance(annotation, UnionType):
        annotation = next(kind for kind in get_args(annotation) if kind is not type(None))
    kind: type = get_origin(annotation) or annotation
    return kind


def plain(takes: Sequence[Parameter], words: Sequence[str]) -> Mapping[str, object] | None:
    """The values that words give, by parameter; None where they are not plainly right, or ask for
    help.

    Plain are `--name VALUE`, `--name=VALUE`, `-n VALUE` and switches that exist, with arguments
    anywhere between.
    """
    spelled = {spelling: taken for taken in takes for spelling in taken.option.spellings}
    values: dict[str, Any] = {}
    arguments: Words = []
    waiting = iter(words)
    for word in waiting:
        if _is_option(word):
            if not _take(values, spelled, word, waiting):
                return None
        else:
            arguments.append(word)
    return _whole(takes, values, arguments)


def _is_option(word: str) -> bool:
    return word.startswith("-") and word != "-"


def _take(
    values: dict[str, Any], spelled: Mapping[str, Parameter], word: str, waiting: Iterator[str]
) -> bool:
    """Add the value of an option, which may be the next word; False where it is not plain."""
    name, equals, text = word.partition("=")
    taken = spelled.get(name)
    if taken is None:
        return False
    if taken.kind is bool:
        values[taken.name] = True
        return not equals
    if not equals:
        text = next(waiting, "--")
        return not _is_option(text) and _put(values, taken, text)
    return name.startswith("--") and _put(values, taken, text)


def _put(values: dict[str, Any], taken: Parameter, text: str) -> bool:
    """Add a value; False where the word spells none."""
    try:
        value = taken.value(text)
    except ValueError:
        return False
    if taken.kind is list:
        values.setdefault(taken.name, []).append(value)
    else:
        values[taken.name] = value
    return True


def _whole(
    takes: Sequence[Parameter], values: dict[str, Any], arguments: Words
) -> Mapping[str, object] | None:
    """The values with the argument and the defaults; None where the argument does not fit."""
    if not _put_arguments(takes, values, arguments):
        return None
    for taken in takes:
        if taken.default is ... and taken.name not in values:
            return None
    return {taken.name: values.get(taken.name, taken.default) for taken in takes}


def _put_arguments(takes: Sequence[Parameter], values: dict[str, Any], arguments: Words) -> bool:
    """Add the arguments; False where the command takes none or fewer."""
    if not arguments:
        return True
    taken = next((taken for taken in takes if not taken.option.spellings), None)
    if taken is None or (taken.kind is not list and len(arguments) > 1):
        return False
    for word in arguments:
        _put(values, taken, word)
    return True


def words(values: Words | None) -> tuple[str, ...]:
    """What a repeatable option holds."""
    return tuple(values or ())


TIMEOUT = "Time for the whole run (90s, 10m; 0s: no limit)."


def seconds(duration: str, option: str) -> float:
    """The seconds of a span of time as Go and Helm write it: "90s", "10m", "1h30m". Raises
    `UsageError` for what is none."""
    if not _DURATION.fullmatch(duration):
        raise UsageError(
            f"{option} takes a duration, not {duration!r}", remedy=f"{option} 90s, 10m or 1h30m"
        )
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(duration))
