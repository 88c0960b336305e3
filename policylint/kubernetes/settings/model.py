"""A setting of a program, and how one differs between two sides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from policylint.runtime.patterns import pattern

_WORD = pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_QUOTES = "\"'"


class Setting(Struct, frozen=True):
    """One setting: its name as written, the words that it is told by, and its values in order; what
    stands several times has several. `path` is a pointer below the object."""

    name: str
    words: str
    values: tuple[str, ...]
    path: str = ""
    is_list: bool = False


class SettingChange(Struct, frozen=True):
    """A setting of which the two sides differ; None where a side does not have it."""

    name: str
    words: str
    before: tuple[str, ...] | None
    after: tuple[str, ...] | None
    path: str = ""
    is_list: bool = False
    renamed: bool = False
    """Whether another setting that only the other side has holds the same value."""


Settings = Mapping[str, Setting]
"""By their words, the names of list items among them."""


@lru_cache(maxsize=4096)
def words_of(name: str) -> str:
    """The words of a name in lower case: `KAFKA_CFG_LOG_DIRS`, `logDirs` and `--log.dirs` have the
    last two in common."""
    return " ".join(word.lower() for word in _WORD.findall(name[:256]))


def unquoted(value: str) -> str:
    """A value without blanks and quotes around it."""
    value = value.strip()
    if len(value) > 1 and value[0] in _QUOTES and value[-1] == value[0]:
        return value[1:-1]
    return value


def gathered(settings: Iterable[Setting]) -> dict[str, Setting]:
    """Settings by what tells them apart; the values of those of one name together."""
    by_name: dict[str, Setting] = {}
    for setting in settings:
        key = setting.name.lower().lstrip("-").replace("_", "-")
        if key in by_name:
            by_name[key] = _with_more(by_name[key], setting.values)
        else:
            by_name[key] = setting
    return by_name


def _with_more(setting: Setting, values: tuple[str, ...]) -> Setting:
    return replace(setting, values=setting.values + values, is_list=True)


def changes(before: Settings, after: Settings) -> list[SettingChange]:
    """The settings of which two sides differ, in the order of the after side."""
    gone = {key: setting for key, setting in before.items() if key not in after}
    new = {key: setting for key, setting in after.items() if key not in before}
    differing = []
    for key, setting in after.items():
        was = before.get(key)
        if was is None:
            differing.append(_change(setting, None, setting, among=gone))
        elif was.values != setting.values:
            differing.append(_change(setting, was, setting, among={}))
    return differing + [_change(was, was, None, among=new) for was in gone.values()]


def _change(
    named: Setting, was: Setting | None, becomes: Setting | None, *, among: Settings
) -> SettingChange:
    return SettingChange(
        named.name,
        named.words,
        was.values if was else None,
        becomes.values if becomes else None,
        named.path,
        any(side is not None and side.is_list for side in (was, becomes)),
        renamed=any(setting.values == named.values for setting in among.values()),
    )
