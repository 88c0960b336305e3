"""What the text of a string or bytes literal stands for.

Source: cel-go's parser/unescape.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.runtime.patterns import pattern

if TYPE_CHECKING:
    import re

_NAMED = {
    **{"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"},
    **{same: same for same in "\\'\"`?"},
}
_ESCAPE = pattern(
    r"\\(?:[xX](?P<byte>..)|u(?P<short>.{4})|U(?P<long>.{8})|(?P<octal>[0-3]..)|(?P<named>.))"
)
_LAST_CHARACTER, _SURROGATES = 0x10FFFF, range(0xD800, 0xE000)


def string_value(quoted: str) -> str:
    """The text of a string literal; raises ValueError with the server's words."""
    body, is_raw = _body(quoted)
    if is_raw or "\\" not in body:
        return body
    return str(_ESCAPE.sub(_character, body))


def bytes_value(quoted: str) -> bytes:
    """The bytes of a bytes literal, without its `b`; raises ValueError with the server's words.

    Octal and hexadecimal escapes are bytes, every character is its UTF-8.
    """
    body, is_raw = _body(quoted)
    if is_raw or "\\" not in body:
        return body.encode("utf-8", "surrogatepass")
    parts: list[bytes] = []
    end = 0
    for match in _ESCAPE.finditer(body):
        parts += [body[end : match.start()].encode("utf-8", "surrogatepass"), _byte(match)]
        end = match.end()
    parts.append(body[end:].encode("utf-8", "surrogatepass"))
    return b"".join(parts)


def _body(quoted: str) -> tuple[str, bool]:
    """What stands between the quotes, its line ends made one, and whether it is raw."""
    text = quoted.replace("\r\n", "\n").replace("\r", "\n")
    is_raw = text[0] in "rR"
    if is_raw:
        text = text[1:]
    if len(text) >= 6 and text.startswith(('"""', "'''")):
        return text[3:-3], is_raw
    return text[1:-1], is_raw


def _character(match: re.Match[str]) -> str:
    kind, text = _part(match)
    if kind == "named":
        return _NAMED[text]
    code = int(text, 8 if kind == "octal" else 16)
    if code > _LAST_CHARACTER or code in _SURROGATES:
        raise ValueError("invalid unicode code point")
    return chr(code)


def _byte(match: re.Match[str]) -> bytes:
    kind, text = _part(match)
    if kind == "named":
        return _NAMED[text].encode()
    if kind in ("short", "long"):
        raise ValueError("unable to unescape string")
    return bytes((int(text, 8 if kind == "octal" else 16),))


def _part(match: re.Match[str]) -> tuple[str, str]:
    kind = str(match.lastgroup)
    return kind, match[kind]
