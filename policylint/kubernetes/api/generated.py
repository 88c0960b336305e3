"""Secret values that a template generates at each render."""

from __future__ import annotations

import base64

from policylint.model import FieldChange, Json
from policylint.runtime.patterns import pattern

_GENERATED = pattern(r"(?=.*[a-z])(?=.*[A-Z])[a-zA-Z0-9]{8,}")
"""What randAlphaNum writes: letters of both cases and digits."""


def is_generated(old: str, new: str) -> bool:
    """Whether two values look as if a template had generated both: a lookup of the live Secret
    keeps the first in a cluster."""
    return len(old) == len(new) and bool(_GENERATED.fullmatch(old) and _GENERATED.fullmatch(new))


def secret_text(field: FieldChange, value: Json) -> str:
    """What a Secret holds at a changed field, decoded where it stands in `data`."""
    text = str(value)
    return decoded(text) if field.path.startswith("/data/") else text


def decoded(text: str) -> str:
    """Base64 as text; the text itself where it is no such."""
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        return text
