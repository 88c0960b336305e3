"""URLs in CEL: `url(...)`, `isURL(...)` and what can be asked of one, read as Go's net/url does.

Source: https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-url-library and the rules of
net/url's ParseRequestURI (`policylint.runtime.urls`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import quote, unquote_to_bytes

from msgspec import Struct

from policylint.cel.values import CelError
from policylint.runtime.patterns import pattern
from policylint.runtime.urls import InvalidUrlError, parse_reference, parse_request

_BAD_ESCAPE = pattern(r"%(?![0-9A-Fa-f]{2})", re.ASCII)
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
    try:
        parse_request(text)
        url = parse_reference(text)  # the first takes a fragment for a part of the path or query
    except InvalidUrlError as error:
        raise _bad(text, str(error)) from error
    return URL(text, url.scheme, url.host, url.path, url.query)


def _bad(text: Any, why: str) -> CelError:
    shown = str(text).replace("\\", "\\\\").replace('"', '\\"')
    return CelError(f'URL parse error during conversion from string: parse "{shown}": {why}')


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
