"""A helm or helmfile command's words -> verb, names, flags. Facts of the flags come from
`flags`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Mapping, Sequence

from msgspec import Struct, field

from policylint.model import Json
from policylint.runtime.patterns import pattern
from policylint.scan.shells import flags as tables
from policylint.scan.shells.flags import Option, State
from policylint.scan.texts.text import HOLE, TAIL, Text, Word

_ARGUMENTS = pattern(
    r"(?:^|_)(?:\w{0,60}args?|\w{0,60}opts?|options?|\w{0,60}flags?|params?|parameters?"
    r"|extras?|overrides?|settings?|sets?|values"
    r"|cmd|command|switch(?:es)?|dry_?run|debug|wait|atomic|timeout|force|verbose|install)(?:_|$)",
    re.IGNORECASE,
)
_NAMING = pattern(
    r"(?:^|_)(?:release|chart|name|path|dir|directory|namespace|ns|version|tag|file|repo)s?$", re.I
)
_VERB = pattern(r"[a-z0-9][\w-]*$")
_PATH = pattern(r".*/|\.{1,2}$|.*\.tgz$")
_FALSE = ("false", "0", "f", "F", "FALSE", "False")
_TRUE = ("true", "1", "t", "T", "TRUE", "True")
_SETS = ("set", "set-string", "set-file", "set-json", "set-literal")
_REPEATABLE = (
    *_SETS,
    "values",
    "labels",
    "post-renderer-args",
    "api-versions",
    "show-only",
    "selector",
)


class FlagUse(Struct, frozen=True):
    """One flag as it stands in a command: the words it came from, and its value's text (None: a
    bare switch)."""

    option: Option
    words: tuple[Word, ...]
    value: Text | None
    maybe: bool

    @property
    def state(self) -> State:
        """Whether it is given."""
        if self.maybe:
            return "unknown"
        off = self.option.takes != "yes" and self.value is not None
        if off and self.value is not None and self.value.known is None:
            return "unknown"
        if self.data is False or (off and self.data == "none"):
            return "unset"
        return "set"

    @property
    def data(self) -> Json:
        """The value: True or False for a switch, a text, None where it cannot be told."""
        if self.value is None:
            return True
        known = self.value.known
        if self.option.takes != "yes" and known in _FALSE:
            return False
        if self.option.takes != "yes" and known in _TRUE:
            return True
        return known

    @property
    def written(self) -> str:
        """The spelling in the file."""
        return self.words[0].text.text.partition("=")[0]


class Command(Struct, frozen=True):
    """A command's words, told apart."""

    tool: str
    action: str
    verb: Word | None
    names: Mapping[str, Word] = field(default_factory=dict)
    """release, chart and what else the verb's positional words are."""
    positionals: tuple[Word, ...] = ()
    flags: tuple[FlagUse, ...] = ()
    dynamic: bool = False

    def last(self, name: str) -> FlagUse | None:
        """The last giving of a flag by Helm 3's name, which is the one that counts."""
        return next(
            (flag for flag in reversed(self.flags) if tables.canonical(flag.option.name) == name),
            None,
        )

    def values(self) -> tuple[str, ...]:
        """The values files as written; a list in one word counts each."""
        lists = (
            shown(flag.value)
            for flag in self.flags
            if flag.option.name == "values" and flag.value is not None
        )
        return tuple(part for text in lists for part in text.split(","))

    def sets(self) -> tuple[str, ...]:
        """Each --set, --set-string, ... as written."""
        return tuple(
            shown(flag.value)
            for flag in self.flags
            if flag.option.name in _SETS and flag.value is not None
        )

    def repeated(self) -> tuple[str, ...]:
        """Flags given twice of which only the last counts."""
        times = Counter(tables.canonical(flag.option.name) for flag in self.flags if not flag.maybe)
        repeated = (name for name, count in times.items() if count > 1)
        return tuple(sorted(name for name in repeated if name not in _REPEATABLE))


def shown(text: Text | None) -> str:
    """A text for people: what cannot be told is an ellipsis."""
    if text:
        return re.sub(f"[{HOLE}{TAIL}]+", "…", text.text)
    return ""


class _Reading(Struct):
    """What has been read of a command so far."""

    spellings: Mapping[str, Option]
    rest: list[Word] = field(default_factory=list)
    flags: list[FlagUse] = field(default_factory=list)
    hidden: bool = False


def parse(words: Sequence[Word], tool: str = "helm") -> Command | None:
    """The command behind the helm or helmfile word; None where there is no verb (`helm --help`)."""
    if tool == "helmfile":
        general = tables.helmfile()
    else:
        general = tables.general()
    reading = _Reading(general)
    first = _until_verb(words, _Reading(general), tool)
    if first is None:
        return None
    at, action = first, _action(words[first], tool)
    if tool == "helm":
        action, at = _through(words, at, action, reading)
        reading.spellings = _spellings(action)
    verb = words[at]
    _read(words[:first], 0, reading)  # again, now that the verb says which flags take a value
    reading.hidden |= bool(reading.rest)
    reading.rest.clear()
    _read(words, at + 1, reading)
    names, positionals, tails = (
        _names(action, reading) if tool == "helm" else ({}, tuple(reading.rest), False)
    )
    hidden = reading.hidden or tails
    return Command(tool, action, verb, names, positionals, tuple(reading.flags), hidden)


def _spellings(action: str) -> Mapping[str, Option]:
    # What these plugins do not know themselves they hand on to `helm upgrade`.
    spellings = tables.spellings("upgrade" if action in ("diff", "secrets") else action)
    for name in set(tables.subcommands(action).values()):
        spellings = {**tables.spellings(f"{action} {name}"), **spellings}
    return {**spellings, **tables.plugin(action)}


def _action(verb: Word, tool: str) -> str:
    known = verb.known or ""
    if tool == "helm":
        return tables.verbs().get(known, known)
    return known


def _until_verb(words: Sequence[Word], reading: _Reading, tool: str) -> int | None:
    """Read the flags before the verb; the verb's index."""
    verbs = _verbs(tool)
    last = max((at for at, word in enumerate(words) if word.known in verbs), default=-1)
    at = 0
    while at < len(words) and words[at].known not in verbs:
        if words[at].text.text.startswith("-"):
            at = _flag(words, at, reading)
            continue
        if _hides(words[at], before_verb=at < last):
            reading.hidden = True
        elif at >= last or not _bare_flag(words, at - 1):
            break
        at += 1  # hidden flags, or the value of a flag that only the verb knows
    if any(map(_may_be_verb, words[at : at + 1])):
        return at
    return None


def _verbs(tool: str) -> Container[str | None]:
    """The verbs of helm or helmfile, aliases included."""
    if tool == "helmfile":
        verbs: Container[str | None] = tables.notes()["helmfile"]["verbs"]
        return verbs
    return tables.verbs()


def _hides(word: Word, *, before_verb: bool) -> bool:
    """Whether it may hold any number of flags: `helm $OPTIONS upgrade`."""
    return word.tail or (word.text.untold and before_verb)


def _may_be_verb(word: Word) -> bool:
    """Whether it reads like a verb, one of a plugin included, or cannot be told."""
    return word.known is None or _VERB.match(word.known) is not None


def _bare_flag(words: Sequence[Word], at: int) -> bool:
    """Whether a flag without `=` stands there."""
    text = words[at].text.text if at >= 0 else ""
    return text.startswith("-") and "=" not in text


def _through(words: Sequence[Word], at: int, action: str, reading: _Reading) -> tuple[str, int]:
    """See through plugins that run Helm's own verb: `helm secrets upgrade` is an upgrade."""
    if action not in tables.notes()["wraps"]:
        return action, at
    inner = _Reading({**tables.general(), **tables.plugin(action)})
    further = _until_verb(words[at + 1 :], inner, "helm")
    if further is None:
        return action, at
    verb = tables.verbs().get(words[at + 1 + further].known or "")
    if verb in (None, "env", "help", "version"):
        return action, at
    reading.flags += inner.flags
    reading.hidden |= inner.hidden
    return str(verb), at + 1 + further


def _read(words: Sequence[Word], at: int, reading: _Reading) -> None:
    while at < len(words):
        word = words[at]
        if word.text.text == "--":
            reading.rest += words[at + 1 :]
            return
        if word.text.text.startswith("-") and len(word.text.text) > 1:
            at = _flag(words, at, reading)
        else:
            reading.rest.append(word)
            at += 1


def _flag(words: Sequence[Word], at: int, reading: _Reading) -> int:
    """Read one flag word and its value; the index behind them."""
    word = words[at]
    name, equals, _ = word.text.text.partition("=")
    if HOLE in name or TAIL in name:
        reading.hidden = True
        return at + 1
    if not name.startswith("--") and name not in reading.spellings:
        return _shorthands(words, at, reading)
    option = reading.spellings.get(name, Option(name.lstrip("-"), "no"))
    if equals:
        value = word.text.slice(len(name) + 1, len(word.text.text))
        reading.flags.append(FlagUse(option, (word,), value, word.maybe))
        return at + 1
    return _valued(words, at, option, reading)


def _valued(words: Sequence[Word], at: int, option: Option, reading: _Reading) -> int:
    word = words[at]
    maybe = word.maybe or "m" in word.text.marks
    if option.takes != "yes":
        reading.flags.append(FlagUse(option, (word,), None, maybe))
        return at + 1
    following = words[at + 1 : at + 2]
    value = following[0].text if following else Text.of(HOLE)
    if following and following[0].tail:
        value = Text.of(HOLE)
    reading.flags.append(FlagUse(option, (word, *following), value, maybe))
    return at + 2


def _shorthands(words: Sequence[Word], at: int, reading: _Reading) -> int:
    """`-fvalues.yaml`, `-if values.yaml`, `-nprod`: letters until one takes a value."""
    word = words[at]
    text = word.text.text
    for index, letter in enumerate(text[1:], 1):
        option = reading.spellings.get(f"-{letter}")
        if option is None:
            return at + 1
        if option.takes == "yes":
            if index + 1 == len(text):
                return _valued(words, at, option, reading)
            start = index + 2 if text[index + 1] == "=" else index + 1
            reading.flags.append(
                FlagUse(option, (word,), word.text.slice(start, len(text)), word.maybe)
            )
            return at + 1
        reading.flags.append(FlagUse(option, (word,), None, word.maybe))
    return at + 1


def _names(action: str, reading: _Reading) -> tuple[dict[str, Word], tuple[Word, ...], bool]:
    """Positional words by what they mean; whether some words may hide further arguments."""
    shape, rest = _shape(action, reading.rest)
    slots: list[str] = tables.notes()["positionals"].get(shape, [])
    open_ended = not slots or slots[-1] == "..."
    slots = [slot for slot in slots if slot != "..."]
    words, hidden, cut = _without_tails(rest, len(slots), open_ended)
    names = _assign(slots, words, cut)
    flag = next((flag for flag in reversed(reading.flags) if flag.option.name == "name"), None)
    if flag and flag.value is not None and action in ("install", "template"):
        names["release"] = Word(flag.value, flag.value.text, maybe=flag.maybe)  # Helm 2's --name
    return names, tuple(reading.rest), hidden


def _shape(action: str, rest: list[Word]) -> tuple[str, list[Word]]:
    """The verb with its subcommand, as the table of positional words has it, and the words
    behind."""
    subcommands = tables.subcommands(action)
    if not subcommands or not rest:
        return action, rest
    name = subcommands.get(rest[0].known or "")
    if name is None:
        # What cannot be told is the subcommand, unless it is all there is.
        return action, rest[1:] if len(rest) > 1 and rest[0].text.untold else rest
    shape = f"{action} {name}"
    return shape if shape in tables.notes()["positionals"] else action, rest[1:]


def _without_tails(
    rest: list[Word], count: int, open_ended: bool
) -> tuple[list[Word], bool, int | None]:
    """The words that are one word, whether others may be more than one, and how many stand before
    the first such."""
    tails = {at for at, word in enumerate(rest) if _many(word)}
    if not open_ended:
        tails |= _spare(rest, tails, len(rest) - len(tails) - count)
    words = [word for at, word in enumerate(rest) if at not in tails]
    if not open_ended:
        words = _certain(words, count)
    return words, bool(tails), min(tails, default=None)


def _certain(words: list[Word], count: int) -> list[Word]:
    """Those that are always there, where these are enough and all are too many."""
    certain = [word for word in words if not word.maybe]
    if len(words) > count and len(certain) >= count:
        return certain
    return words


def _spare(rest: list[Word], tails: set[int], surplus: int) -> set[int]:
    """Which words are taken for further arguments where there are more than the verb takes: of
    those that cannot be told unquoted ones first, later ones first."""
    spare = [at for at, word in enumerate(rest) if at not in tails and word.text.untold]
    spare.sort(key=lambda at: (_bare(rest[at]), at), reverse=True)
    return set(spare[: max(surplus, 0)])


def _many(word: Word) -> bool:
    """Whether it may become any number of words."""
    return word.sure or (_bare(word) and _arguments(word))


def _bare(word: Word) -> bool:
    return word.tail and not word.quoted


def _arguments(word: Word) -> bool:
    """Whether the variable's name says that it holds arguments."""
    return any(_ARGUMENTS.search(name) and not _NAMING.search(name) for name in word.names)


def _assign(slots: list[str], words: list[Word], cut: int | None) -> dict[str, Word]:
    """The words by their slots; `[name]` may be missing, and words may be hidden at `cut`."""
    names = [slot.strip("[]") for slot in slots]
    if cut is None or len(words) >= len(names):
        return _in_sight(slots, names, words)
    needed = [slot for slot in slots if not slot.startswith("[")]
    if slots[0].startswith("[") and len(needed) == 1 and _is_lone_path(words):
        return {needed[0]: words[0]}
    before, after = words[:cut], words[cut:]
    return {
        **dict(zip(reversed(names), reversed(after), strict=False)),
        **dict(zip(names, before, strict=False)),
    }


def _in_sight(slots: list[str], names: list[str], words: list[Word]) -> dict[str, Word]:
    """The words by their slots where none is hidden."""
    if len(words) < len(names) and slots[0].startswith("["):  # `helm install CHART`
        return dict(zip(reversed(names), reversed(words), strict=False))
    return dict(zip(names, words, strict=False))


def _is_lone_path(words: list[Word]) -> bool:
    """Whether there is one word alone, and it is a path: a chart, and not a release's name."""
    return len(words) == 1 and _PATH.match(words[0].known or "") is not None
