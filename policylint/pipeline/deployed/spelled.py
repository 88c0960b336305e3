"""What a helm command says of what it renders, words that only a run can tell included.

The command that somebody types is an instance of one that stands in a file (`--set tag=$TAG`
became `--set tag=1.2`). Held against the file of today it tells what the variables are; with them
the file of another revision is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from policylint.helm.inputs.options import Options
from policylint.helm.inputs.sides import ValuesInput
from policylint.runtime.patterns import pattern
from policylint.scan.shells.argv import Command, FlagUse
from policylint.scan.shells.flags import canonical
from policylint.scan.texts.text import HOLE, TAIL

_UNTOLD = pattern(f"[{HOLE}{TAIL}]+")
SETS = ("set", "set-string", "set-json", "set-file", "set-literal")
NAMES = ("release", "chart")
_SOURCE = ("version", "repo")


class Item(Struct, frozen=True):
    """One statement: `flag` is Helm 3's name of it, "release" or "chart"; what cannot be told is a
    hole."""

    flag: str
    text: str
    raw: str = ""
    """As the file spells what cannot be told."""
    is_certain: bool = True
    """False for one that is only sometimes given."""

    @property
    def is_told(self) -> bool:
        """Whether all of it is known."""
        return _UNTOLD.search(self.text) is None

    @property
    def shown(self) -> str:
        """The item for people, without its value."""
        if self.flag in NAMES:
            return f"the {self.flag}"
        if self.flag in SETS:
            key = self.text.partition("=")[0]
        else:
            key = ""
        return f"--{self.flag} {_UNTOLD.sub('…', key)}".strip()

    def fits(self, item: Item) -> bool:
        """Whether it may have become this one."""
        return self.flag == item.flag and _fits(self.text, item.text)


class Spelling(Struct, frozen=True):
    """The statements of a command; `is_open` where there may be more that cannot be seen."""

    items: tuple[Item, ...]
    is_open: bool = False


class Match(Struct, frozen=True):
    """A spelling held against what somebody typed."""

    pairs: tuple[tuple[Item, Item], ...]
    """(as the file has it, as it was typed)."""
    missing: tuple[Item, ...]
    """What the file has for certain, and nobody typed."""
    further: tuple[Item, ...]
    """What was typed, and the file does not have."""
    is_open: bool = False
    """Whether the file may hold further words."""

    @property
    def is_whole(self) -> bool:
        """Whether it is the same command."""
        return not self.missing and (self.is_open or not self.further)


class UnresolvedError(Exception):
    """An item whose value nothing tells."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


def spelling_of(command: Command, place: Callable[[str, str], str]) -> Spelling:
    """What a command of a file says; `place(flag, path)` names its paths from the root."""
    items = []
    for name in NAMES:
        word = command.names.get(name)
        if word is not None:
            if name == "chart":
                text = place(name, word.text.text)
            else:
                text = word.text.text
            items.append(_item(name, text, word.raw, is_certain=not word.maybe))
    for use in command.flags:
        items += _items(use, place)
    return Spelling(tuple(items), command.dynamic)


def _items(use: FlagUse, place: Callable[[str, str], str]) -> Iterator[Item]:
    flag = canonical(use.option.name)
    if use.value is None or flag not in (*_SOURCE, *SETS, "values"):
        return
    raw, text = use.words[-1].raw, use.value.text
    is_certain = not use.maybe and "m" not in use.value.marks
    texts = [text]
    if flag == "values":
        texts = [place(flag, file) for file in text.split(",")]
    elif flag == "set-file":
        moved = ValuesInput(set_file=(text,)).with_set_files(lambda file: place(flag, file))
        texts = [*moved.set_file]
    for stated in texts:
        yield _item(flag, stated, raw, is_certain=is_certain)


def _item(flag: str, text: str, raw: str, *, is_certain: bool) -> Item:
    return Item(flag, text, raw if _UNTOLD.search(text) else "", is_certain)


def typed_items(options: Options, place: Callable[[str, str], str]) -> tuple[Item, ...]:
    """What the user says."""
    values = options.values.with_set_files(lambda file: place("set-file", file))
    items = [Item("chart", place("chart", options.after))]
    stated = {"release": options.release, "version": options.version, "repo": options.repo}
    items += [Item(flag, text) for flag, text in stated.items() if text]
    for flag, text in values.flags():
        name = flag.removeprefix("--")
        items.append(Item(name, place(name, text) if name == "values" else text))
    return tuple(items)


def matched(spelling: Spelling, typed: Sequence[Item]) -> Match:
    """Each statement of a file with the typed one that it became: the same one first."""
    left = list(typed)
    pairs: list[tuple[Item, Item]] = []
    missing: list[Item] = []
    for item in sorted(spelling.items, key=lambda item: not item.is_told):
        counterpart = next((typed for typed in left if item.fits(typed)), None)
        if counterpart is not None:
            left.remove(counterpart)
            pairs.append((item, counterpart))
        elif item.is_certain:
            missing.append(item)
    return Match(tuple(pairs), tuple(missing), tuple(left), spelling.is_open)


def bound(spelling: Spelling, known: Match) -> tuple[list[Item], list[Item]]:
    """(the statements of an earlier command with its variables put in, those that were put in).

    `known` is the command of today held against what was typed. Raises UnresolvedError where it
    does not tell a variable.
    """
    stated: list[Item] = []
    filled: list[Item] = []
    for item in spelling.items:
        value = _resolved(item, known.pairs)
        stated += [value] if value else []
        filled += [item] if value and not item.is_told else []
    if not spelling.is_open:
        return stated, filled
    if not known.is_open:
        raise UnresolvedError("the words that a variable holds")
    return [*stated, *known.further], filled


def _resolved(item: Item, pairs: Sequence[tuple[Item, Item]]) -> Item | None:
    """What an item stood for; None for one that was not given. Raises UnresolvedError."""
    if item.is_told:
        typed = (typed for _, typed in pairs)
        if item.is_certain or item in map(_as_told, typed):
            return item
        return None
    if _names_version(item):
        value = None
    else:
        value = _value(item, pairs)
    if value is None and item.is_certain:
        raise UnresolvedError(item.shown)
    return value


def _as_told(item: Item) -> Item:
    return replace(item, is_certain=False)


def _names_version(item: Item) -> bool:
    """Whether it says which version of a chart runs, which today's command does not tell."""
    return item.flag == "version" or (item.flag == "chart" and not item.text.startswith("/"))


def _value(item: Item, pairs: Iterable[tuple[Item, Item]]) -> Item | None:
    """What became of the same words in today's command."""
    same = (typed for now, typed in pairs if (now.flag, now.raw) == (item.flag, item.raw))
    return next((typed for typed in same if item.fits(typed)), None)


def _fits(spelled: str, text: str) -> bool:
    """Whether a text is what something spelled with holes may become."""
    first, *rest = _UNTOLD.split(spelled)
    if not rest:
        return spelled == text
    if not text.startswith(first):
        return False
    at = len(first)
    for piece in rest[:-1]:
        begin = text.find(piece, at)
        if begin < 0:
            return False
        at = begin + len(piece)
    return text.endswith(rest[-1]) and len(text) - len(rest[-1]) >= at
