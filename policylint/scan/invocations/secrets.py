"""The secrets that command lines hold: found, so that no output shows them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from policylint.redaction.collect import argument_secrets, secret_lines
from policylint.redaction.logins import without_logins
from policylint.redaction.quoted import without
from policylint.redaction.texts import masked as masked_text
from policylint.redaction.texts import secrets_in
from policylint.redaction.vocabulary import MASK, SHORTEST, secret_key
from policylint.runtime.patterns import pattern
from policylint.scan.invocations.model import Flag, Invocation

_PAIR = pattern(r"(?<![^=,])(?P<key>[^=,]++)=(?P<value>(?:\\.|[^,\\])*)")
_SETS = ("set", "set-string", "set-literal", "set-json", "set-file")


def secrets(invocations: Iterable[Invocation]) -> list[str]:
    """Every secret that these invocations give in plain words, the longest first."""
    texts = {text for invocation in invocations for text in _secrets(invocation)}
    long_enough = (text for text in texts if len(text) >= SHORTEST)
    return sorted(long_enough, key=lambda text: (-len(text), text))


def masked(invocation: Invocation) -> Invocation:
    """The invocation as it may be shown."""
    return replace(
        invocation,
        chart=_without_login(invocation.chart),
        flags={name: _masked(name, flag) for name, flag in invocation.flags.items()},
    )


def _masked(name: str, flag: Flag) -> Flag:
    if not isinstance(flag.value, str):
        return flag
    if secret_key(name):
        return replace(flag, value=MASK)
    if name == "set-json" and secret_key(flag.value):
        return replace(flag, value=MASK)
    if name in _SETS and name != "set-file":
        return replace(flag, value=_without_pieces(name, flag.value))
    return replace(flag, value=_without_login(flag.value))


def _without_pieces(name: str, text: str) -> str:
    """An argument without the values of secret-like keys, nor what a comma within one made an
    argument of its own."""
    shown = masked_text(_PAIR.sub(_hide, text))
    pieces = [piece for piece in argument_secrets(f"--{name}", text) if piece in shown]
    if not pieces:
        return shown
    return without(shown, pieces, MASK)


def _hide(pair: re.Match[str]) -> str:
    if secret_key(pair["key"]) and pair["value"]:
        return f"{pair['key']}={MASK}"
    return pair[0]


def _without_login(text: str | None) -> str | None:
    if text:
        return without_logins(text)
    return text


def _secrets(invocation: Invocation) -> Iterator[str]:
    for name, flag in invocation.flags.items():
        if secret_key(name) and isinstance(flag.value, str):
            yield flag.value
    for assignment in invocation.sets:
        pairs = _PAIR.finditer(assignment)
        yield from (pair["value"] for pair in pairs if secret_key(pair["key"]))
        yield from secrets_in(assignment)
        yield from argument_secrets("--set", assignment)
    for values in invocation.inline:
        yield from secret_lines(values.text, nested=True)
    for word in (*invocation.positionals, invocation.chart, invocation.flag("repo").value):
        yield from secrets_in(word) if isinstance(word, str) else ()
