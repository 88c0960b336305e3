"""Versions and version ranges as Helm reads them in Chart.yaml (Masterminds/semver v3).

Helm matches a dependency to a chart in charts/ by such a range, so an error here would enable or
alias the wrong chart. Ranges: `=`, `!=`, `>`, `<`, `>=`, `<=`, `~`, `^`, wildcards, hyphens, `,` or
a blank for and, `||` for or.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from policylint.runtime.digits import whole_or
from policylint.runtime.patterns import pattern

_IDENT = r"[0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*"
_VERSION = pattern(rf"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-({_IDENT}))?(?:\+{_IDENT})?$")
_PART = r"[0-9|xX*]+"
_WANTED = rf"v?{_PART}(?:\.{_PART})?(?:\.{_PART})?(?:-{_IDENT})?(?:\+{_IDENT})?"
_OPERATOR = r"!=|=>|>=|=<|<=|~>|=|>|<|~|\^|"
_SIGNED = rf"(?:{_OPERATOR})\s*+{_WANTED}"
_TERM = pattern(rf"({_OPERATOR})\s*({_WANTED})")
_GROUP = pattern(rf"\s*+{_SIGNED}(?:(?:\s*+,\s*+|\s++){_SIGNED})*+\s*+$")
_HYPHEN = pattern(rf"\s*({_WANTED})\s+-\s+({_WANTED})\s*")
_MAX_LENGTH, _MAX_GROUPS = 512, 32


class Version(Struct, frozen=True):
    """A semantic version; missing minor and patch numbers count as 0, build metadata is dropped."""

    major: int
    minor: int = 0
    patch: int = 0
    pre: str = ""

    @property
    def key(self) -> tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]:
        """What versions are ordered by: a pre-release comes before its release, numbers before
        words."""
        parts = tuple(
            (not part.isdigit(), whole_or(part, 0) if part.isdigit() else 0, part)
            for part in self.pre.split(".")
            if part
        )
        return (self.major, self.minor, self.patch, not self.pre, parts)


class _Wanted(Struct, frozen=True):
    version: Version
    wild: bool = False
    """Some part is a wildcard or missing."""
    wild_minor: bool = False
    wild_patch: bool = False


def parse_version(text: str) -> Version | None:
    """The version a text says, None when it says none."""
    match = _VERSION.match(text)
    if match is None:
        return None
    major, minor, patch, pre = match.groups()
    return Version(
        whole_or(major, 0), whole_or(minor or "", 0), whole_or(patch or "", 0), pre or ""
    )


def admits(constraint: str, version: str) -> bool:
    """Whether a range admits a version; False when either cannot be read, as in Helm."""
    parsed, groups = parse_version(version), _groups(constraint)
    if parsed is None or groups is None:
        return False
    return any(_all_admit(terms, parsed) for terms in groups)


def floats(constraint: str) -> bool:
    """Whether a range can be met by more than one version, so that a later update may bring another
    chart."""
    groups = _groups(constraint)
    if not groups:
        return False
    exact = [
        len(terms) == 1 and terms[0][0] in ("", "=") and not terms[0][1].wild for terms in groups
    ]
    return len(groups) > 1 or not all(exact)


def _all_admit(terms: list[tuple[str, _Wanted]], version: Version) -> bool:
    pre_allowed = any(wanted.version.pre for _, wanted in terms)
    if version.pre and not pre_allowed:
        return False
    return all(_OPERATORS[operator](version, wanted) for operator, wanted in terms)


def _groups(constraint: str) -> list[list[tuple[str, _Wanted]]] | None:
    """The terms of each alternative of a range, None where one cannot be read."""
    text = _HYPHEN.sub(lambda match: f">= {match[1]}, <= {match[2]} ", constraint)
    alternatives = text.split("||")
    if len(constraint) > _MAX_LENGTH or len(alternatives) > _MAX_GROUPS:
        return None
    groups = []
    for alternative in alternatives:
        terms = _terms(alternative)
        if terms is None:
            return None
        groups.append(terms)
    return groups


def _terms(alternative: str) -> list[tuple[str, _Wanted]] | None:
    if not _GROUP.match(alternative):
        return None
    terms = []
    for operator, text in _TERM.findall(alternative):
        wanted = _wanted(text)
        if wanted is None:
            return None
        terms.append((operator, wanted))
    return terms


def _wanted(text: str) -> _Wanted | None:
    core, dash, pre = text.partition("+")[0].removeprefix("v").partition("-")
    parts = [*core.split("."), "", ""][:3]
    wild = [part in ("", "x", "X", "*") for part in parts]
    first = wild.index(True) if any(wild) else 3
    numbers = [part if position < first else "0" for position, part in enumerate(parts)]
    version = parse_version(".".join(numbers) + dash + pre)
    if version:
        return _Wanted(version, first < 3, first == 1, first == 2)
    return None


def _greater(version: Version, wanted: _Wanted) -> bool:
    if not wanted.wild or version.major != wanted.version.major:
        return version.key > wanted.version.key
    if wanted.wild_minor:
        return False  # `>11` means 12 or later
    if wanted.wild_patch:
        return version.minor > wanted.version.minor
    return version.key > wanted.version.key


def _at_most(version: Version, wanted: _Wanted) -> bool:
    if not wanted.wild:
        return version.key <= wanted.version.key
    if version.major != wanted.version.major:
        return version.major < wanted.version.major
    return wanted.wild_minor or version.minor <= wanted.version.minor


def _differs(version: Version, wanted: _Wanted) -> bool:
    want = wanted.version
    if not wanted.wild or version.major != want.major:
        return version.key != want.key
    if wanted.wild_minor:
        return False
    if wanted.wild_patch and version.minor == want.minor:
        return version.pre != want.pre
    return version.key != want.key


def _tilde(version: Version, wanted: _Wanted) -> bool:
    want = wanted.version
    if version.key < want.key:
        return False
    if (want.major, want.minor, want.patch) == (0, 0, 0) and not (
        wanted.wild_minor or wanted.wild_patch
    ):
        return True
    return version.major == want.major and (wanted.wild_minor or version.minor == want.minor)


def _caret(version: Version, wanted: _Wanted) -> bool:
    want = wanted.version
    if version.key < want.key or version.major != want.major:
        return False
    if want.major > 0 or wanted.wild_minor:
        return True
    if version.minor != want.minor:
        return False
    return want.minor > 0 or wanted.wild_patch or version.patch == want.patch


def _equal(version: Version, wanted: _Wanted) -> bool:
    if wanted.wild:
        return _tilde(version, wanted)
    return version.key == wanted.version.key


def _at_least(version: Version, wanted: _Wanted) -> bool:
    return version.key >= wanted.version.key


_OPERATORS: dict[str, Callable[[Version, _Wanted], bool]] = {
    "": _equal,
    "=": _equal,
    "!=": _differs,
    ">": _greater,
    "<": lambda version, wanted: version.key < wanted.version.key,
    ">=": _at_least,
    "=>": _at_least,
    "<=": _at_most,
    "=<": _at_most,
    "~": _tilde,
    "~>": _tilde,
    "^": _caret,
}
