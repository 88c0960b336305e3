"""Which files of a chart directory Helm loads: .helmignore, as Helm reads it.

Unlike git, a line that starts with `!` excludes everything that does not match it, and the first
match ends the search. Source: internal/ignore/rules.go of Helm.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from msgspec import Struct

from policylint.errors import ReadError
from policylint.runtime.patterns import pattern, starred

_DEFAULT = "templates/.?*"


class _Line(Struct, frozen=True):
    pattern: re.Pattern[str]
    negated: bool
    folders_only: bool
    base_name: bool

    def matches(self, name: str) -> bool:
        return bool(self.pattern.fullmatch(posixpath.basename(name) if self.base_name else name))


class Ignore(Struct, frozen=True):
    """The lines of one .helmignore with Helm's own default at the end."""

    lines: tuple[_Line, ...]

    @classmethod
    def of(cls, top: Path) -> Ignore:
        """Read the .helmignore of a chart directory, if there is one."""
        file = top / ".helmignore"
        if file.is_file():
            text = file.read_text("utf-8", "replace")
        else:
            text = ""
        return cls.parse(text, str(file))

    @classmethod
    def parse(cls, text: str, file: str) -> Ignore:
        """The rules of a text; raises `ReadError` for `**` and broken patterns, as Helm does."""
        rules = []
        for number, raw in enumerate([*text.removeprefix("﻿").splitlines(), _DEFAULT], 1):
            line = raw.strip()
            if line and not line.startswith("#"):
                rules.append(_line(line, file, number))
        return cls(tuple(rules))

    def matches(self, name: str, is_folder: bool) -> bool:
        """Whether Helm leaves out this file or folder (and all below it)."""
        for line in self.lines:
            wrong_kind = line.folders_only and not is_folder
            if line.negated:
                if wrong_kind or not line.matches(name):
                    return True
            elif not wrong_kind and line.matches(name):
                return True
        return False


def _line(text: str, file: str, number: int) -> _Line:
    if "**" in text:
        raise ReadError(
            "double-star (**) syntax is not supported",
            file=file,
            line=number,
            remedy="use * and folders",
        )
    body = text.removeprefix("!")
    folders_only = body.endswith("/")
    body = body.removesuffix("/")
    base_name = "/" not in body
    try:
        return _Line(_glob(body.removeprefix("/")), text.startswith("!"), folders_only, base_name)
    except re.error:
        raise ReadError(
            f"malformed pattern {text!r}", file=file, line=number, remedy="correct the pattern"
        ) from None


_PIECE = pattern(r"\*|\?|\[(\^?)((?:\\.|[^\]\\]){1,200})\]|\\(.)|(.)", re.DOTALL)


def _glob(pattern: str) -> re.Pattern[str]:
    """Go's filepath.Match as a regular expression: `*` and `?` stop at a slash."""
    parts = [""]
    for match in _PIECE.finditer(pattern):
        piece = match.group(0)
        if piece == "*":
            parts.append("")
        elif piece == "?":
            parts[-1] += "[^/]"
        elif match.group(2):
            parts[-1] += f"[{match.group(1)}{match.group(2)}]"
        elif piece == "[":
            raise re.error("unclosed class")
        else:
            parts[-1] += re.escape(match.group(3) or match.group(4))
    return re.compile(starred(parts, "[^/]", "*"), re.DOTALL)
