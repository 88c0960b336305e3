"""Secret values that a template generates at each render."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from itertools import pairwise

from policylint.model import FieldChange, Json
from policylint.runtime.patterns import pattern

_GENERATED = pattern(r"[a-zA-Z0-9]{8,}")
"""What randAlphaNum writes."""
_CA = pattern(r"/(?:data|stringData)/(?:.*[-_.])?ca(?:[-_.]?cert)?(?:\.(?:crt|pem))?$")
"""Where a Secret has the certificate of the authority that signed its own."""
_PEM = "-----BEGIN "
_CERTIFICATE = "-----BEGIN CERTIFICATE-----"
_UTC_TIME = re.compile(rb"\x17\x0d([0-9]{8})[0-9]{4}Z")
"""The first time in a certificate (notBefore), as DER writes it (RFC 5280, 4.1.2.5.1)."""
_TURNS = 3
"""Two values that both take so many turns are nobody's words (Winter24 takes two)."""
_COMMON = 3
"""Two values with so many characters in common at one place were written by hand."""


def is_generated(old: str, new: str) -> bool:
    """Whether two values look as if a template had generated both (randAlphaNum): a lookup
    of the live Secret keeps the first in a cluster. Passwords that people give change in a part
    (winter24, winter25), or are words."""
    if len(old) != len(new) or not (_GENERATED.fullmatch(old) and _GENERATED.fullmatch(new)):
        return False
    turns = sorted((_turns(old), _turns(new)))
    is_mixed = turns[1] * 3 >= len(old) or turns[0] >= _TURNS
    return is_mixed and not _share(old, new)


def _turns(text: str) -> int:
    """How often small letters, capitals and digits take turns: often where nobody chose them."""
    classes = [(char.isdigit(), char.isupper()) for char in text]
    return sum(first != second for first, second in pairwise(classes))


def _share(old: str, new: str) -> bool:
    parts = {old[index : index + _COMMON].lower() for index in range(len(old) - _COMMON + 1)}
    return any(part in new.lower() for part in parts)


def are_generated(fields: Sequence[FieldChange]) -> bool:
    """Whether all these changes of a Secret are such values. Certificates are, where their CA
    changes with them (genCA): one that is renewed by hand keeps it; and where both were made within
    an hour, as those of two renders in one run are."""
    own_ca = any(_CA.match(field.path) or _made_together(field) for field in fields)
    return bool(fields) and all(_is_one(field, own_ca=own_ca) for field in fields)


def _made_together(field: FieldChange) -> bool:
    starts = [_valid_from(secret_text(field, value)) for value in (field.before, field.after)]
    return None not in starts and starts[0] == starts[1]


def _valid_from(text: str) -> bytes | None:
    """The hour from which a certificate in PEM is valid (YYMMDDHH); None for anything else."""
    body = "".join(line for line in text.splitlines() if not line.startswith("-----"))
    try:
        written = _UTC_TIME.search(base64.b64decode(body, validate=True))
    except ValueError:
        return None
    return written.group(1) if written and text.startswith(_CERTIFICATE) else None


def _is_one(field: FieldChange, *, own_ca: bool) -> bool:
    if field.op != "replace":
        return False
    old, new = secret_text(field, field.before), secret_text(field, field.after)
    if old.startswith(_PEM) and new.startswith(_PEM):
        return own_ca
    return is_generated(old, new) or is_generated(decoded(old), decoded(new))


def secret_text(field: FieldChange, value: Json) -> str:
    """What a Secret holds at a changed field, decoded where it stands in `data`."""
    text = str(value)
    if field.path.startswith("/data/"):
        return decoded(text)
    return text


def decoded(text: str) -> str:
    """Base64 as text; the text itself where it is no such."""
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        return text


def unless_kept(secrets: Sequence[object]) -> str:
    """What is to be said of a rollout that only values made anew at each render would start; ""
    where there are none."""
    if not secrets:
        return ""
    return (
        "; it rolls only if what the render generated for "
        f"{', '.join(map(str, secrets))} reaches the cluster: where the template looks up the live "
        "Secret, nothing rolls"
    )
