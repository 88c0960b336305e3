"""Text from outside made safe to show: in a terminal, in a log that a CI system reads for commands.

Names, values and messages may come from whoever wrote the pull request. Control characters move a
cursor or rename a window, bidirectional overrides show other words than are there, and CI systems
take lines such as `::error::` and `##vso[` for orders.
"""

from __future__ import annotations

import json
import re
from typing import Any

from policylint.runtime.patterns import pattern

# C0 and C1 controls but for line ends and tabs; line and paragraph separators; the marks,
# embeddings, overrides and isolates of bidirectional text (Unicode TR 9); zero-width characters
# and the byte order mark; lone surrogates, which no encoding can write; tags (U+E0000 and on).
_UNSAFE = pattern(
    "\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f"
    "\u2028\u2029\u202a-\u202e"
    "\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
# GitHub Actions reads `::name` at the start of a line (blanks before it do not count) and
# `##[name` anywhere; Azure Pipelines `##vso[` and `##[` anywhere; TeamCity `##teamcity[`.
_COMMAND = pattern(r"^(?P<blanks>[ \t]*)(?=::)|##(?=\[|vso\[|teamcity\[)", re.M | re.I)
_SHORT = {"\r": "\\r", "\x1b": "\\e", "\x00": "\\0"}


def escaped(text: str) -> str:
    """The text with what could act in a terminal or a log written as an escape; lines stay."""
    if not _is_plain(text):
        text = _UNSAFE.sub(_as_escape, text)
    if _may_command(text):
        text = _COMMAND.sub(_disarmed, text)
    return text


def _is_plain(text: str) -> bool:
    """Whether a text holds none of the characters above, as most do: no control, mark or
    surrogate is printable. The pattern of them all takes longer to compile than most reports."""
    return text.replace("\n", "").replace("\t", "").isprintable()


def _may_command(text: str) -> bool:
    return "::" in text or "##" in text


def on_one_line(text: str) -> str:
    """The same on one line: line feeds are written as `\\n`."""
    return escaped(text.replace("\n", "\\n"))


def json_text(document: Any) -> str:
    """JSON for people and tools: what could act is written as JSON's own escapes, so that a reader
    gets every text back as it was."""
    text = json.dumps(document, indent=2, ensure_ascii=False, default=list)
    # Only texts hold such characters: outside of them JSON has none, and no line begins with `::`.
    if not _is_plain(text):
        text = _UNSAFE.sub(_as_json_escape, text)
    if _may_command(text):
        text = _COMMAND.sub("#\\\\u0023", text)
    return text + "\n"


def _as_json_escape(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1]


def _as_escape(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    if code <= 0xFF:
        return f"\\x{code:02x}"
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    return f"\\U{code:08x}"


def _disarmed(match: re.Match[str]) -> str:
    return "#\\#" if match[0] == "##" else f"{match['blanks']}\\"
