"""Which settings have a known effect when they change: the rows of `policylint/data/settings.yaml`,
told by the words of a setting's name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from msgspec import Struct, convert

from policylint.kubernetes.settings.amounts import falls, rises, same_amount, switched
from policylint.kubernetes.settings.model import SettingChange
from policylint.kubernetes.settings.objects import Holder
from policylint.kyaml.tables import table
from policylint.model import Category, Confidence, Severity
from policylint.runtime.patterns import pattern

_VERSION = pattern(r"(?<![0-9])v?[0-9]++\.[0-9]++(?:\.[0-9]+)?(?:-[\w.]+)?|sha256:[0-9a-f]+")
_FLAG = pattern(r"--.|-\w{4}")
"""A flag that says something, no `-ec` of a shell."""
_LOOPBACK = pattern(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]{1,5})?(?![\w.])")
_CLUSTER = pattern(r"\.svc(?:\.cluster\.local\.?)?(?![\w.-])")


class SettingFix(Struct, frozen=True):
    """What to do beside keeping the setting, the command that does it and what it costs."""

    title: str
    steps: tuple[str, ...] = ()
    cost: str = ""


class SettingEffect(Struct, frozen=True):
    """A row of the table, see there."""

    when: tuple[str, ...]
    says: str
    source: str
    has: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    by: float = 1.0
    fixes: tuple[SettingFix, ...] = ()
    severity: Severity = Severity.WARNING
    confidence: Confidence = Confidence.DEPENDS
    category: Category = Category.DOWNTIME


class _Table(Struct, frozen=True):
    harmless: tuple[str, ...]
    effects: tuple[SettingEffect, ...]


def effect_of(setting: SettingChange, holder: Holder, namespace: str) -> SettingEffect | None:
    """The first row that comes true for a setting that differs; None where none does."""
    rows = _table()
    words = f" {setting.words} "
    program = f"{holder.image} {holder.container} {holder.file}".lower()
    if _has(words, rows.harmless):
        return None
    for row in rows.effects:
        if _speaks_of(row, words, program) and _comes_true(row, setting, namespace):
            return row
    return None


def lost(setting: SettingChange) -> list[str]:
    """The entries that only the before side has."""
    after = set(_entries(setting.after))
    return [entry for entry in _entries(setting.before) if entry not in after]


def gained(setting: SettingChange) -> list[str]:
    """The entries that only the after side has."""
    before = set(_entries(setting.before))
    return [entry for entry in _entries(setting.after) if entry not in before]


def has_entries(setting: SettingChange) -> bool:
    """Whether it is a list, or a text with several entries."""
    entries = (_entries(setting.before), _entries(setting.after))
    is_map = all("=" in entry for side in entries for entry in side)
    return setting.is_list or is_map or max(map(len, entries)) > 1


def _is_list(setting: SettingChange, values: Values) -> bool:
    """Whether it is a list beyond doubt: no sentence with blanks or commas."""
    if setting.is_list:
        return True
    return len(values) == 1 and "," in values[0] and " " not in values[0].strip()


@cache
def _table() -> _Table:
    return convert(table("settings"), _Table)


def _speaks_of(row: SettingEffect, words: str, program: str) -> bool:
    """Whether a row is about settings of this name, of this program."""
    if row.programs and not any(name in program for name in row.programs):
        return False
    return _is_named(row, words) and not _has(words, row.but)


def _is_named(row: SettingEffect, words: str) -> bool:
    """Whether the words of a name are those of a row; one without any speaks of every setting."""
    if not (row.has or row.ends or row.names):
        return True
    if words.strip() in row.names or _has(words, row.has):
        return True
    return words.endswith(tuple(f" {name} " for name in row.ends))


def _has(words: str, phrases: Sequence[str]) -> bool:
    return any(f" {phrase} " in words for phrase in phrases)


def _comes_true(row: SettingEffect, setting: SettingChange, namespace: str) -> bool:
    before = tuple(_place(value, namespace) for value in setting.before or ())
    after = tuple(_place(value, namespace) for value in setting.after or ())
    if before == after:
        return False
    if setting.renamed and None in (setting.before, setting.after):
        return False  # it goes by another name
    return any(TESTS[when](row, setting, before, after) for when in row.when)


def _place(value: str, namespace: str) -> str:
    """A value without what makes no other place of it: a Service's domain, the release's
    namespace, a slash at the end, the version in an address, a port of the pod itself."""
    if "://" in value or "/" in value:
        value = _VERSION.sub("*", value).rstrip("/")
    value = _CLUSTER.sub("", _LOOPBACK.sub("localhost", value))
    return (
        re.sub(rf"(?<=[\w-])\.{re.escape(namespace)}(?![\w.-])", "", value) if namespace else value
    )


def _entries(values: tuple[str, ...] | None) -> list[str]:
    """The entries of values: those of a list, or of a text with commas or blanks between them."""
    return [entry for value in values or () for entry in re.split(r"[,\s]+", value) if entry]


Values = tuple[str, ...]
Test = Callable[[SettingEffect, SettingChange, Values, Values], bool]


def _single(test: Callable[[SettingEffect, str, str], bool]) -> Test:
    """A test of a setting that has one value on each side."""

    def tried(row: SettingEffect, _: SettingChange, before: Values, after: Values) -> bool:
        return len(before) == len(after) == 1 and test(row, before[0], after[0])

    return tried


def _is_on(values: Values) -> bool:
    return len(values) == 1 and switched(values[0]) is True


def _is_off(values: Values) -> bool:
    return len(values) == 1 and switched(values[0]) is False


def _turns_off(_: SettingEffect, setting: SettingChange, before: Values, after: Values) -> bool:
    """Whether it was on and is off; a flag that is given no more is off, too."""
    if setting.after is None:
        return before == ("true",) and setting.name.startswith("-")
    return _is_off(after) and _is_on(before)


def _turns_on(_: SettingEffect, __: SettingChange, before: Values, after: Values) -> bool:
    return _is_on(after) and not _is_on(before)


def _moves(_: SettingEffect, __: SettingChange, before: Values, after: Values) -> bool:
    if not (any(before) and any(after)):
        return False
    if len(before) == len(after) == 1 and same_amount(before[0], after[0]):
        return False
    return sorted(before) != sorted(after)


def _is_among(row: SettingEffect, values: Values) -> bool:
    words = {word.lower() for value in values for word in re.split(r"[,:\s]+", value)}
    return not words.isdisjoint(row.values)


TESTS: Mapping[str, Test] = {
    "moves": _moves,
    "gone": lambda _, __, before, after: any(before) and not any(after) and not _is_off(before),
    "added": lambda _, __, before, after: not any(before) and any(after),
    "turns-off": _turns_off,
    "turns-on": _turns_on,
    "to": lambda row, _, before, after: _is_among(row, after) and not _is_among(row, before),
    "from": lambda row, _, before, after: (
        _is_among(row, before) and not _is_among(row, after) and any(after)
    ),
    "falls": _single(lambda row, before, after: falls(before, after, row.by)),
    "rises": _single(lambda row, before, after: rises(before, after, row.by)),
    "loses": lambda _, setting, __, after: (
        any(after) and has_entries(setting) and bool(lost(setting))
    ),
    "drops": lambda _, setting, __, after: any(after) and bool(lost(setting)),
    "list-loses": lambda _, setting, before, after: (
        any(after) and _is_list(setting, before) and bool(lost(setting))
    ),
    "flag-gone": lambda _, setting, before, __: (
        setting.after is None and before == ("true",) and _FLAG.match(setting.name) is not None
    ),
    "path-moves": _single(
        lambda _, before, after: before.startswith("/") and after.startswith("/")
    ),
    "gains": lambda _, setting, *__: bool(gained(setting)),
    "plain": _single(
        lambda _, before, after: "s://" in before and before.replace("s://", "://", 1) == after
    ),
}
"""What `when` may say of a setting; values are compared without what makes no other place."""
