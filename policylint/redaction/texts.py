"""The secrets of a text that others wrote, by shape, by key, by option, in base64 too."""

from __future__ import annotations

import base64
import binascii
import functools
from collections.abc import Iterable, Iterator

from policylint.redaction.assigned import assigned_spans
from policylint.redaction.contexts import context_spans
from policylint.redaction.logins import login_spans
from policylint.redaction.options import option_spans
from policylint.redaction.shapes import Span, shape_spans
from policylint.redaction.vocabulary import MASK
from policylint.runtime.patterns import pattern

_BASE64 = pattern(r"(?<![\w+/=-])[A-Za-z0-9+/_-]{16,}={0,2}(?![\w+/=-])")
_ESCAPE = pattern(r"(?<!\\)\\++[nt\"']")
_ESCAPED = {"n": "\n", "t": " ", '"': '"', "'": "'"}
_DEPTH = 2
"""How often base64 is decoded: a docker configuration in a Secret holds `auth`."""
_LONGEST = 2_000_000
"""Longer texts are not decoded."""
_SHORT = 400
"""Characters of texts whose masked form is remembered."""


def masked(text: str) -> str:
    """The text with a mask in place of every secret that it holds."""
    if len(text) > _SHORT:
        return covered(text, secret_spans(text))
    return _masked(text)


@functools.lru_cache(maxsize=4096)
def _masked(text: str) -> str:
    """The same of a short text: rules say the same words of thousands of commands."""
    return covered(text, secret_spans(text))


def secrets_in(text: str) -> Iterator[str]:
    """The secrets that a text holds, as they stand there."""
    return (text[start:end] for start, end in secret_spans(text))


def secret_spans(text: str, depth: int = _DEPTH) -> Iterator[Span]:
    """Where the secrets of a text stand; parts may overlap."""
    yield from _written_spans(text)
    if "\\" in text:
        yield from _written_spans(_unescaped(text))
    if depth and len(text) <= _LONGEST:
        yield from _encoded_spans(text, depth)


def _written_spans(text: str) -> Iterator[Span]:
    yield from shape_spans(text)
    yield from login_spans(text)
    if ":" in text or "=" in text or "<" in text:
        yield from assigned_spans(text)
    yield from context_spans(text)
    yield from option_spans(text)


def _unescaped(text: str) -> str:
    """The lines and quotes of strings in strings, each as far from the start as it was."""
    return _ESCAPE.sub(lambda escape: _ESCAPED[escape[0][-1]].rjust(len(escape[0])), text)


def covered(text: str, spans: Iterable[Span], mask: str = MASK) -> str:
    """The text with a mask in place of each span; those that touch become one."""
    shown: list[str] = []
    copied = 0
    last = -1
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if start > last:
            shown += [text[copied:start], mask]
        last = max(last, end)
        copied = last
    return "".join((*shown, text[copied:]))


def _encoded_spans(text: str, depth: int) -> Iterator[Span]:
    for run in _BASE64.finditer(text):
        plain = decoded(run[0])
        if plain and next(secret_spans(plain, depth - 1), None):
            yield run.span()


def decoded(text: str) -> str:
    """The printable text that base64 stands for; "" where it stands for none."""
    padded = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        plain = base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
    if all(char.isprintable() or char.isspace() for char in plain):
        return plain
    return ""
