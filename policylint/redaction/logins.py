"""Logins: user and password of an address in any position, with and without a scheme."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policylint.redaction.shapes import Span, is_stand_in
from policylint.redaction.vocabulary import MASK
from policylint.runtime.patterns import pattern

_ADDRESS = pattern(
    r"(?i)(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,30}:(?:\\?/){1,2}(?P<rest>[^\s\"'<>|`]+)"
)
_BARE = pattern(
    r"(?<![\w/@.-])(?P<login>(?!(?:git|mailto|sip|sips|acct|xmpp|npm|file):)[\w.-]{1,64}"
    r":(?![/\d]{0,5}@sha)[^\s@\"'/]{3,128})@(?:(?:tcp|unix)?\([^()\s]+\)"
    r"|[\w-]+(?:\.[\w-]+)*(?::\d{2,5}\b|/\w))"
)
"""`user:password@tcp(host)/db` and `user:password@host:port`, as Go's drivers and many tools take
them; an image's `name:tag@sha256:digest` is none."""
_ORACLE = pattern(r"jdbc:oracle:\w{1,20}:(?P<login>[^/\s\"']{1,512}/[^@\s\"']{1,512})@")
_USERS = frozenset(("git", "hg", "svn"))
"""Users whom forges let everybody be."""
_NAMED = pattern(r"(?i)(?:git\+|svn\+)?(?:ssh|sftp):")
"""Addresses whose user is a name, as they take no token in its place."""


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
        login = address["rest"][:length]
        if length and not _is_plain(login, is_named=_NAMED.match(address[0]) is not None):
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
    return len(login)


def _is_plain(login: str, *, is_named: bool) -> bool:
    """Whether a login holds no secret: a password is one, and so is a user without one (a token),
    unless it is plainly a name."""
    user, colon, password = login.partition(":")
    if colon:
        return not password or is_stand_in(password)
    return is_named or user in _USERS or is_stand_in(user)
