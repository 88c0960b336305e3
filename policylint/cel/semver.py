"""Semantic versions in CEL: `semver("1.2.3")` and what can be asked of one (Kubernetes 1.33 on).

Source: https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-semver-library and
https://semver.org.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import total_ordering
from typing import Any, ClassVar

from msgspec import Struct

from policylint.cel.values import CelError
from policylint.runtime.digits import whole_or
from policylint.runtime.patterns import pattern

_NUMERIC = r"(?:0|[1-9]\d*)"
_PRE = rf"(?:{_NUMERIC}|\d*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = pattern(
    rf"({_NUMERIC})\.({_NUMERIC})\.({_NUMERIC})(?:-({_PRE}(?:\.{_PRE})*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?",
    re.ASCII,
)
_UINT64 = 1 << 64


@total_ordering
class Semver(Struct, frozen=True, eq=False):
    """A version; build metadata takes no part in comparisons."""

    cel_type: ClassVar[str] = "kubernetes.Semver"
    major: int
    minor: int
    patch: int
    pre: tuple[str, ...] = ()

    @property
    def _order(self) -> tuple[Any, ...]:
        # a release comes after its pre-releases; numeric identifiers come before others
        pre = tuple(
            (0, whole_or(part, 0), "") if part.isdigit() else (1, 0, part) for part in self.pre
        )
        return (self.major, self.minor, self.patch, not self.pre, pre)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Semver) and self._order == other._order

    def __ne__(self, other: object) -> bool:
        return not self == other  # a Struct brings its own, by all fields

    def __lt__(self, other: Semver) -> bool:
        return self._order < other._order

    def __hash__(self) -> int:
        return hash(self._order)


def parse(text: Any, normalize: bool = False) -> Semver:
    """The version a string spells; `normalize` allows a "v", leading zeros and missing parts.
    Raises CelError."""
    if not isinstance(text, str):
        raise CelError("no such overload")
    match = _VERSION.fullmatch(_normalized(text) if normalize else text)
    if match is None:
        raise CelError(_problem(text))
    parts = match.group(1, 2, 3)
    if max(map(len, parts)) > len(str(_UINT64)) or max(map(int, parts)) >= _UINT64:
        raise CelError("strconv.ParseUint: value out of range")
    major, minor, patch = map(int, parts)
    return Semver(major, minor, patch, tuple(match[4].split(".")) if match[4] else ())


def _problem(text: str) -> str:
    if not text:
        return "Version string empty"
    if text.count(".") < 2:
        return "No Major.Minor.Patch elements found"
    major, minor, patch = text.split(".", 2)
    patch = patch.partition("+")[0].partition("-")[0]
    for name, part in (("major", major), ("minor", minor), ("patch", patch)):
        if not part.isascii() or not part.isdigit():
            return f'Invalid character(s) found in {name} number "{part}"'
        if len(part) > 1 and part.startswith("0"):
            return f'{name.capitalize()} number must not contain leading zeroes "{part}"'
    return f'Invalid character(s) found in version "{text}"'


def _normalized(text: str) -> str:
    parts = text.removeprefix("v").split(".", 2)
    parts = [_without_zeros(part) if len(part) > 1 else part for part in parts]
    if len(parts) < 3 and any(char in parts[-1] for char in "+-"):
        raise CelError("short version cannot contain PreRelease/Build meta data")
    return ".".join(parts + ["0"] * (3 - len(parts)))


def _without_zeros(part: str) -> str:
    stripped = part.lstrip("0")
    if stripped[:1].isdigit():
        return stripped
    return f"0{stripped}"


def is_semver(text: Any, normalize: bool = False) -> bool:
    """Whether a string spells a version."""
    try:
        parse(text, normalize)
    except CelError:
        return False
    return True


def _part(name: str) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if not isinstance(value, Semver):
            raise CelError("no such overload")
        return int(getattr(value, name))

    return read


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "semver": parse,
    "isSemver": is_semver,
    "major": _part("major"),
    "minor": _part("minor"),
    "patch": _part("patch"),
}
"""Kubernetes' semver library, comparisons apart (see `functions`)."""
