"""Texts as Go writes them: %q of a string, and JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from policylint.runtime.gofloats import json_float_text

_QUOTED = {
    "\a": r"\a",
    "\b": r"\b",
    "\f": r"\f",
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
    "\v": r"\v",
    '"': r"\"",
    "\\": r"\\",
}
"""Characters that Go's %q writes with a letter of their own."""

_HTML = str.maketrans({char: f"\\u{ord(char):04x}" for char in ("<", ">", "&", "\u2028", "\u2029")})
"""Characters that Go's encoding/json escapes so that JSON may stand in HTML."""


def quoted(text: str) -> str:
    """A string as Go's %q writes it."""
    return f'"{"".join(map(_quoted_char, text))}"'


def go_json(value: Any) -> str:
    """A value as Go's encoding/json writes it: compact, keys in the order given."""
    if isinstance(value, float):
        return json_float_text(value)
    if isinstance(value, Mapping):
        pairs = [f"{go_json(str(key))}:{go_json(item)}" for key, item in value.items()]
        return f"{{{','.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(go_json, value))}]"
    return json.dumps(value, ensure_ascii=False, default=str).translate(_HTML)


def _quoted_char(char: str) -> str:
    if char in _QUOTED:
        return _QUOTED[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x80:
        return f"\\x{code:02x}"
    if code < 0x10000:
        return f"\\u{code:04x}"
    return f"\\U{code:08x}"
