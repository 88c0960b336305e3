"""Text pasted from a terminal or a log, made plain: colours, frames, timestamps, escapes and line
breaks taken out.

Errors are looked for in the text without any white space, since a terminal wraps lines in the
middle of words; what is found is shown as it stood.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import cache

from msgspec import Struct
from msgspec.structs import replace

from policylint.kubernetes.api.apis import builtin
from policylint.kubernetes.api.schemas import group_of
from policylint.runtime.patterns import pattern

LIMIT = 20_000
"""Characters that are looked at: the end of a longer text, where the error stands."""

_ANSI = pattern(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*\x07|[\x00-\x08\x0b-\x1f\x7f]")
_FRAME = pattern(r"^[ \t]*[│┃|╷╵╭╰>]+ ?", re.MULTILINE)
_STAMP = pattern(
    r"^[ \t]*\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d[.,\d]*(?:Z|[+-]\d\d:?\d\d)?\]?[ \t]*(?=\S)",
    re.MULTILINE,
)
_ESCAPE = pattern(r"(?<!\\)\\++u00([0-9a-fA-F]{2})")
_QUOTES = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'"})

_BLOB = pattern(r"[A-Za-z0-9+/=_-]{250,}")
_INVALID = pattern(r'(?:The)?([A-Z]\w{0,80})((?:\.[\w-]{1,80}){0,8})"([^"]{0,260})"isinvalid')
_PATCHED = pattern(r'cannotpatch"([^"]{0,260})"withkind(\w{1,80})')
_TYPED = pattern(
    r"\(([\w-]{0,80})/([\w.:-]{1,260});((?:[a-z][\w.-]{0,80})?/v\d\w{0,20}),Kind=(\w{1,80}?)\)"
)
_APPLIED = pattern(
    r"object \(?([\w-]{0,80})/([\w.:-]{1,260}) "
    r"((?:[a-z][\w.-]{0,80})?/v\d\w{0,20}), ?Kind=(\w{1,80})"
)
_EXISTING = pattern(r'([A-Z]\w{0,80})"([^"]{0,260})"innamespace"([^"]{0,80})"')


class Subject(Struct, frozen=True):
    """The object an error is about, as far as the text says; `at` is where it is named in the
    squeezed text."""

    at: int = -1
    kind: str = ""
    group: str = ""
    name: str = ""
    namespace: str = ""

    @property
    def custom(self) -> bool:
        """Whether its group is none of Kubernetes' own."""
        return bool(self.group) and self.group not in builtin_groups()


class Pasted(Struct, frozen=True):
    """A pasted text: `plain` on one line, `squeezed` without blanks, and where each of its
    characters stands."""

    plain: str
    squeezed: str
    places: tuple[int, ...]
    subjects: tuple[Subject, ...]

    def shown(self, start: int, end: int) -> str:
        """The words at a span of the squeezed text, as they stood in the plain one."""
        if end > start:
            return self.plain[self.places[start] : self.places[end - 1] + 1]
        return ""

    def subject(self, at: int) -> Subject:
        """The object that the words at a place are about: the last one named before them, or the
        first of all."""
        before = [subject for subject in self.subjects if subject.at <= at]
        nearest = before[-1:] or self.subjects[:1]
        if not nearest:
            return Subject()
        named = nearest[0]
        if named.namespace:
            return named
        for twin in before:
            if twin.name == named.name and twin.namespace:
                return replace(named, namespace=twin.namespace)
        return named


def pasted(text: str) -> Pasted:
    """Make a pasted text plain and find the objects it names."""
    plain = _plain(text[-LIMIT:])
    places = tuple(index for index, character in enumerate(plain) if character != " ")
    squeezed = "".join(plain[index] for index in places)
    subjects = tuple(
        sorted([*_subjects(squeezed), *_applied(plain, places)], key=lambda match: match.at)
    )
    return Pasted(plain, squeezed, places, subjects)


def _plain(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _FRAME.sub("", _STAMP.sub("", _FRAME.sub("", _ANSI.sub("", text))))
    text = _ESCAPE.sub(lambda match: chr(int(match.group(1), 16)), text)
    text = re.sub(r'(?<!\\)\\++"', '"', re.sub(r"(?<!\\)\\++[nt]", " ", text)).translate(_QUOTES)
    return _BLOB.sub("...", " ".join(html.unescape(text).split()))


def _subjects(squeezed: str) -> Iterator[Subject]:
    for match in _INVALID.finditer(squeezed):
        kind, group, name = match.groups()
        yield Subject(match.start(), _kind(kind, group), group.lstrip("."), name)
    for match in _PATCHED.finditer(squeezed):
        yield Subject(match.start(), match.group(2), "", match.group(1))
    for match in _TYPED.finditer(squeezed):
        yield _by_version(match, match.start())
    for match in _EXISTING.finditer(squeezed):
        yield Subject(match.start(), _kind(match.group(1), ""), "", match.group(2), match.group(3))


def _applied(plain: str, places: tuple[int, ...]) -> Iterator[Subject]:
    """The objects that Helm 4 names before the server's words; only blanks part the name from the
    version there."""
    for match in _APPLIED.finditer(plain):
        yield _by_version(match, bisect_left(places, match.start()))


def _by_version(match: re.Match[str], at: int) -> Subject:
    namespace, name, version, kind = match.groups()
    return Subject(at, kind, group_of(version), name, namespace)


def _kind(word: str, group: str) -> str:
    """The kind in a word that others may have run into: only kinds of the core group stand without
    their group."""
    if group or word in _builtin_kinds():
        return word
    ends = [kind for kind in _builtin_kinds() if word.endswith(kind)]
    return max(ends, key=len, default=word)


@cache
def _builtin_kinds() -> frozenset[str]:
    return frozenset(kind for _, kind in builtin())


@cache
def builtin_groups() -> frozenset[str]:
    """The groups of Kubernetes' own kinds."""
    return frozenset(group_of(version) for version, _ in builtin())
