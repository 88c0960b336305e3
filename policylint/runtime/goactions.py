"""Texts with actions of Go templates, `{{ ... }}`, as far as actions end in them."""

from __future__ import annotations

from typing import AnyStr


def closed(text: AnyStr) -> AnyStr:
    """The text up to the end of its last action: what is opened behind it never ends, and a search
    for its end would begin anew at each `{{`."""
    if isinstance(text, str):
        return text[: text.rfind("}}") + 2] if "}}" in text else text[:0]
    return text[: text.rfind(b"}}") + 2] if b"}}" in text else text[:0]
