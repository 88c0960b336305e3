"""What a command takes, declared once by its signature, and read at once where the words are plain.

typer prints the help and words the complaints; importing it costs more than most checks, so that it
is asked only where `plain` gives up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, get_args, get_origin

from msgspec import Struct

Words = list[str]


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
        return text if self.kind in (str, list) else self.kind(text)


def option(*spellings: str, help: str = "") -> Option:
    """An option of a command, for the annotation of its parameter."""
    return Option(spellings, help)


def argument(help: str) -> Option:
    """The argument of a command, for the annotation of its parameter."""
    return Option((), help)


def parameters(command: Callable[..., object]) -> tuple[Parameter, ...]:
    """The parameters of a function that are annotated as options or as the argument, in their
    order."""
    listed = getattr(command, "parameters", None)
    return listed if listed is not None else tuple(_annotated(command))


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
        annotation = next(each for each in get_args(annotation) if each is not type(None))
    found: type = get_origin(annotation) or annotation
    return found


def plain(takes: Sequence[Parameter], words: Sequence[str]) -> Mapping[str, object] | None:
    """The values that words give, by parameter; None where they are not plainly right, or ask for
    help.

    Plain are `--name VALUE`, `--name=VALUE`, `-n VALUE` and switches that exist, with arguments
    anywhere between.
    """
    spelled = {spelling: each for each in takes for spelling in each.option.spellings}
    given: dict[str, Any] = {}
    rest: Words = []
    waiting = iter(words)
    for word in waiting:
        if not word.startswith("-") or word == "-":
            rest.append(word)
            continue
        name, equals, text = word.partition("=")
        found = spelled.get(name)
        if found is None or (equals and (found.kind is bool or not name.startswith("--"))):
            return None
        if found.kind is bool:
            given[found.name] = True
            continue
        if not equals:
            text = next(waiting, "--")
            if text.startswith("-") and text != "-":
                return None
        if not _put(given, found, text):
            return None
    return _whole(takes, given, rest)


def _put(given: dict[str, Any], found: Parameter, text: str) -> bool:
    """Add a value; False where the word spells none."""
    try:
        value = found.value(text)
    except ValueError:
        return False
    if found.kind is list:
        given.setdefault(found.name, []).append(value)
    else:
        given[found.name] = value
    return True


def _whole(
    takes: Sequence[Parameter], given: dict[str, Any], rest: Words
) -> Mapping[str, object] | None:
    """The values with the argument and the defaults; None where the argument does not fit."""
    taken = next((each for each in takes if not each.option.spellings), None)
    if rest and (taken is None or (taken.kind is not list and len(rest) > 1)):
        return None
    for word in rest:
        assert taken is not None  # noqa: S101  said above
        _put(given, taken, word)
    if any(each.default is ... and each.name not in given for each in takes):
        return None
    return {each.name: given.get(each.name, each.default) for each in takes}


def words(given: Words | None) -> tuple[str, ...]:
    """What a repeatable option holds."""
    return tuple(given or ())
