"""Logins: user and password of an address in any position, with and without a scheme."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policylint.redaction.shapes import Span, is_stand_in, token_like
from policylint.redaction.vocabulary import MASK
from policylint.runtime.patterns import pattern

_ADDRESS = pattern(r"(?i)(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,30}:/{1,2}(?P<rest>[^\s\"'<>|`]+)")
_BARE = pattern(
    r"(?<![\w/@.-])(?P<login>(?!(?:git|mailto|sip|sips|acct|xmpp|npm|file):)[\w.-]{1,64}"
    r":(?![/\d]{0,5}@sha)[^\s@\"'/]{3,128})@(?:(?:tcp|unix)?\([^()\s]+\)"
    r"|[\w-]+(?:\.[\w-]+)*(?::\d{2,5}\b|/\w))"
)
"""`user:password@tcp(host)/db` and `user:password@host:port`, as Go's drivers and many tools take
them; an image's `name:tag@sha256:digest` is none."""
_ORACLE = pattern(r"jdbc:oracle:\w+:(?P<login>[^/\s\"']+/[^@\s\"']+)@")
_TOKEN = 16
"""From this length on, a user without a password is a token: `git` is none."""


def without_logins(text: str) -> str:
    """The text with the logins of its addresses hidden."""
    shown, copied = [], 0
    for start, end in sorted(login_spans(text)):
        if start >= copied:
            shown += [text[copied:start], MASK]
            copied = end
    return "".join((*shown, text[copied:]))


def login_spans(text: str) -> Iterator[Span]:
    """Where the logins of a text's addresses stand."""
    if "@" not in text:
        return
    for address in _ADDRESS.finditer(text):
        length = _login_length(address["rest"])
        if length and not is_stand_in(address["rest"].partition(":")[2]):
            yield address.start("rest"), address.start("rest") + length
    for bare in _BARE.finditer(text):
        if "sha256" not in text[bare.end("login") : bare.end("login") + 8]:
            yield bare.span("login")
    yield from (login.span("login") for login in _ORACLE.finditer(text))


def _login_length(rest: str) -> int:
    """How many characters of an address behind its slashes are its login; 0 where there is none.

    A password may hold `@`, and, where people forgot to escape it, `/` too: then what stands
    before the first slash is neither a host nor a host and a port.
    """
    authority = re.split(r"[/?#,]", rest, maxsplit=1)[0]
    login, at, _ = authority.rpartition("@")
    if not at:
        port = authority.partition(":")[2]
        if not port or port.isdigit():
            return 0
        login = rest.rpartition("@")[0]
    user, colon, password = login.partition(":")
    is_secret = bool(password) if colon else len(user) >= _TOKEN or token_like(user)
    return len(login) if is_secret else 0
