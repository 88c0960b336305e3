"""Secrets in words that others wrote: whole or in part, as they are, escaped or encoded.

A message of Helm quotes what it was given: one line of a key, a template that came from a value, a
manifest's text in base64. What is searched for here is therefore every piece of a secret, in every
form that such messages have.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from policylint.runtime.patterns import pattern

FRAGMENT = 8
"""From this length on, a part of a secret is hidden too."""
SHORTEST = 4
"""Shorter secrets cannot be told from other words."""
_EMBEDDED = 5
"""From this length on, a secret is hidden within words too."""
_CUT = 7
"""What go-yaml shows of a longer value, before three dots."""
_ENCODED = 6
"""The shortest base64 that is searched for."""
_WORDS = frozenset(("true", "false", "null", "none", "auto"))
_CHAIN = pattern(r" ?\$?\.(?:Values|Release|Chart|Capabilities|Template|Files)(?:\.\w+)*")
"""What a template reads: no secret, although the template may be one."""


def without(text: str, secrets: Iterable[str], mask: str, public: Iterable[str] = ()) -> str:
    """The text with a mask in place of the secrets and of every part of them that is long enough to
    be told.

    What is in `public` (keys, paths) is no secret: a password that is called as its key is cannot
    be hidden.
    """
    known = set(filter(_can_be_told, secrets))
    if not known or not text:
        return text
    read = itertools.chain.from_iterable(map(_CHAIN.findall, known))
    told = "\n".join((*public, *read))
    hidden = bytearray(len(text))
    forms = sorted(set(itertools.chain.from_iterable(map(_forms, known))))
    for form in forms:
        if len(form) < FRAGMENT:
            _hide_whole(text, form, told, hidden)
    _hide_parts(text, forms, told, hidden)
    return "".join(_masked(text, hidden, mask))


def _can_be_told(secret: str) -> bool:
    """Whether a secret differs from other words."""
    return len(secret) >= SHORTEST and secret.lower() not in _WORDS


def _hide_whole(text: str, form: str, told: str, hidden: bytearray) -> None:
    for start in _occurrences(form, text, told):
        hidden[start : start + len(form)] = b"\1" * len(form)


def _hide_parts(text: str, forms: Iterable[str], told: str, hidden: bytearray) -> None:
    """Mark every part of a form that the text holds."""
    places: dict[str, list[int]] = {}
    for place, part in enumerate(_parts(text)):
        places.setdefault(part, []).append(place)
    for part in places.keys() & set(_parts(told)):
        del places[part]
    shared = {
        part for form in forms for part in _parts(form) if part in places and not part.isspace()
    }
    for place in (place for part in shared for place in places[part]):
        hidden[place : place + FRAGMENT] = b"\1" * FRAGMENT


def _parts(text: str) -> Iterator[str]:
    """Every part of a text that is as long as a fragment."""
    return (text[start : start + FRAGMENT] for start in range(len(text) - FRAGMENT + 1))


def _occurrences(form: str, text: str, told: str) -> Iterator[int]:
    """Where a whole form stands: as a word of its own if it is short or part of a public word,
    nowhere if it is one."""
    if form not in text:
        return
    word = rf"(?<![\w.]){re.escape(form)}(?!\w)"
    if form not in told and len(form) >= _EMBEDDED:
        word = re.escape(form)
    elif re.search(rf"(?<!\w){re.escape(form)}(?!\w)", told):
        return
    yield from (match.start() for match in re.finditer(word, text))


def _masked(text: str, hidden: bytearray, mask: str) -> Iterator[str]:
    copied = 0
    for run in re.finditer(b"\x01+", hidden):
        hidden_text = text[run.start() : run.end()]
        yield text[copied : run.end() - len(hidden_text.lstrip())]
        yield mask
        copied = run.start() + len(hidden_text.rstrip())
    yield text[copied:]


def _forms(secret: str) -> set[str]:
    """A secret as messages show it."""
    quoted, plain = _as_json(secret), _as_json(secret, ascii_only=True)
    forms = {
        secret,
        secret.strip(),
        " ".join(secret.split()),
        quoted,
        plain,
        _as_json(quoted),
        *(_for_html(text) for text in (quoted, plain)),
        quoted.replace('\\"', '"').replace("'", "\\'"),  # the validator of schemas
        secret.replace("'", "''"),  # YAML
        secret.replace("'", "'\"'\"'"),  # a shell
        quote(secret, safe=""),
        "' '".join(secret),  # runes, as the reader of --set shows them
        *encoded(secret),
        *_decoded(secret),
    }
    if len(secret) > _CUT:
        forms.add(f"{secret[:_CUT]}...")
    return {form for form in forms if len(form) >= SHORTEST}


def _as_json(text: str, *, ascii_only: bool = False) -> str:
    import json  # costs the start of runs that hide nothing

    return json.dumps(text, ensure_ascii=ascii_only)[1:-1]


def _for_html(quoted: str) -> str:
    """JSON as Go writes it."""
    return quoted.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def encoded(secret: str) -> Iterator[str]:
    """Its base64 at each place that it may have within a longer text: what depends on that text is
    left out."""
    data = secret.encode("utf-8", "surrogatepass")
    for before, lost in ((0, 0), (1, 2), (2, 3)):
        text = base64.b64encode(b"\0" * before + data).decode()
        whole = text.rstrip("=")
        fixed = (whole[:-1] if whole != text else whole)[lost:]
        if len(fixed) >= _ENCODED:
            yield fixed


def _decoded(secret: str) -> Iterator[str]:
    """The text that a value in base64 stands for."""
    if len(secret) < FRAGMENT:
        return
    try:
        text = base64.b64decode("".join(secret.split()), validate=True).decode()
    except (binascii.Error, ValueError):
        return
    if len(text) >= _EMBEDDED and all(char.isprintable() or char.isspace() for char in text):
        yield text
        yield _as_json(text)
