"""URLs in CEL: `url(...)`, `isURL(...)` and what can be asked of one, read as Go's net/url does.

Source: https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-url-library and the rules of
net/url's ParseRequestURI: absolute URLs or absolute paths, no control characters, valid %-escapes,
valid ports.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import quote, unquote_to_bytes

from msgspec import Struct

from policylint.cel.values import CelError
from policylint.runtime.patterns import pattern

_SCHEME = pattern(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.ASCII | re.DOTALL)
_CONTROL = pattern(r"[\x00-\x1F\x7F]")
_BAD_ESCAPE = pattern(r"%(?![0-9A-Fa-f]{2})", re.ASCII)
_PORT = pattern(r"(?::\d*)?", re.ASCII)
_BAD_HOST = pattern(r"""[\x00-\x20"<>\\^`{|}\x7F\[\]%]|/""")
_USER = pattern(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*", re.ASCII)
_PATH_SAFE = "/$&+,:;=@-_.~!'()*[]"


class URL(Struct, frozen=True, eq=False):
    """A URL's parts; equal to another that was written the same."""

    cel_type: ClassVar[str] = "kubernetes.URL"
    text: str
    scheme: str
    host: str
    path: str
    query: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, URL) and self.text == other.text

    def __ne__(self, other: object) -> bool:
        return not self == other  # a Struct brings its own, by all fields

    def __hash__(self) -> int:
        return hash(self.text)


def parse(text: Any) -> URL:
    """The URL a string spells; raises CelError."""
    if not isinstance(text, str):
        raise CelError("no such overload")
    if not text:
        raise _bad(text, "empty url")
    if _CONTROL.search(text):
        raise _bad(text, "invalid control character in URL")
    scheme, rest = _scheme(text)
    absolute = rest.startswith("/")
    if not absolute and not (scheme and rest):
        raise _bad(text, "invalid URI for request")
    rest, _, query = rest.partition("?")
    if not absolute:
        return URL(text, scheme, "", "", query.partition("#")[0])
    host, path = _authority(text, scheme, rest)
    _check_escapes(text, path)
    # a fragment is part of the path or query for the check, and none of it in the value
    path, hash_, _ = path.partition("#")
    return URL(text, scheme, host, path, "" if hash_ else query.partition("#")[0])


def _bad(text: Any, why: str) -> CelError:
    shown = str(text).replace("\\", "\\\\").replace('"', '\\"')
    return CelError(f'URL parse error during conversion from string: parse "{shown}": {why}')


def _scheme(text: str) -> tuple[str, str]:
    match = _SCHEME.fullmatch(text)
    if match:
        return match[1].lower(), match[2]
    if text.startswith(":"):
        raise _bad(text, "missing protocol scheme")
    return "", text


def _authority(text: str, scheme: str, rest: str) -> tuple[str, str]:
    """The host, and the path behind it."""
    if not rest.startswith("//") or (not scheme and rest.startswith("///")):
        return "", rest
    authority, slash, path = rest[2:].partition("/")
    user, at, host = authority.rpartition("@")
    if at and not _USER.fullmatch(user):
        raise _bad(text, "net/url: invalid userinfo")
    _check_host(text, host)
    return host, slash + path


def _check_host(text: str, host: str) -> None:
    if host.startswith("["):
        inside, closed, port = host.rpartition("]")
        if not closed or not re.fullmatch(r"[0-9A-Fa-f:.]+(%25[^\s]+)?", inside[1:]):
            raise _bad(text, "missing ']' in host")
    else:
        name, colon, number = host.partition(":")
        port = colon + number
        if _BAD_HOST.search(name):
            raise _bad(text, "invalid character in host name")
    if not _PORT.fullmatch(port):
        raise _bad(text, f'invalid port "{port}" after host')


def _check_escapes(text: str, path: str) -> None:
    if _BAD_ESCAPE.search(path):
        raise _bad(text, "invalid URL escape")


def _hostname(url: URL) -> str:
    host = url.host
    if host.startswith("["):
        return host[1 : host.rindex("]")]
    if ":" in host:
        return host.rpartition(":")[0]
    return host


def _port(url: URL) -> str:
    tail = url.host.rpartition("]")[2]
    if ":" in tail:
        return tail.rpartition(":")[2]
    return ""


def _escaped_path(url: URL) -> str:
    if re.fullmatch(r"[A-Za-z0-9\-._~!$&'()*+,;=:@/\[\]%]*", url.path, re.ASCII):
        return url.path
    return quote(
        unquote_to_bytes(url.path), safe=_PATH_SAFE.translate({ord(c): None for c in "!'()*[]"})
    )


def _query(url: URL) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for part in filter(None, url.query.split("&")):
        name, _, value = part.partition("=")
        if ";" in part or _BAD_ESCAPE.search(part):
            continue
        values.setdefault(_unescaped(name), []).append(_unescaped(value))
    return values


def _unescaped(text: str) -> str:
    return unquote_to_bytes(text.replace("+", " ")).decode("utf-8", "replace")


def is_url(text: Any) -> bool:
    """Whether a string spells a URL."""
    try:
        parse(text)
    except CelError:
        return False
    return True


def _of(read: Callable[[URL], Any]) -> Callable[[Any], Any]:
    def call(value: Any) -> Any:
        if not isinstance(value, URL):
            raise CelError("no such overload")
        return read(value)

    return call


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "url": parse,
    "isURL": is_url,
    "getScheme": _of(lambda url: url.scheme),
    "getHost": _of(lambda url: url.host),
    "getHostname": _of(_hostname),
    "getPort": _of(_port),
    "getEscapedPath": _of(_escaped_path),
    "getQuery": _of(_query),
}
"""Kubernetes' URL library."""
