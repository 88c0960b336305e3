"""URLs as Go's net/url reads them, which is how an API server does.

Source: `Parse`, `ParseRequestURI`, `parseAuthority`, `parseHost` and `unescape` of Go 1.26's
net/url/url.go, whose words the errors are.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable

from msgspec import Struct

from policylint.runtime.patterns import pattern

_CONTROL = pattern(r"[\x00-\x1f\x7f]")
_SCHEME = pattern(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.ASCII | re.DOTALL)
_ESCAPE = pattern(r"%[0-9A-Fa-f]{2}", re.ASCII)
_PORT = pattern(r"(?::[0-9]*)?", re.ASCII)
_NOT_IN_HOST = pattern(r"[ #/?@\\^`{|}]")
_USER = pattern(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*", re.ASCII)
_LITERAL_VERSION = 6
_ONE_COLON = ("http", "https")
"""Schemes whose hosts may hold one colon alone, before the port."""


class InvalidUrlError(ValueError):
    """A text that Go does not take for a URL; its message says why, in Go's words."""


class Url(Struct, frozen=True):
    """The parts of a URL as they are written; `user` is None where no `@` names one."""

    scheme: str = ""
    user: str | None = None
    host: str = ""
    path: str = ""
    query: str = ""
    fragment: str = ""


def parse_reference(text: str) -> Url:
    """The URL or relative reference that a text is, as `url.Parse` reads it; raises
    InvalidUrlError."""
    whole, _, fragment = text.partition("#")
    url = _parse(whole, request=False)
    _check_escapes(fragment)
    return Url(url.scheme, url.user, url.host, url.path, url.query, fragment)


def parse_request(text: str) -> Url:
    """The absolute URL or path that a text is, as `url.ParseRequestURI` reads it, which knows no
    fragments; raises InvalidUrlError."""
    return _parse(text, request=True)


def _parse(text: str, *, request: bool) -> Url:
    if _CONTROL.search(text):
        raise InvalidUrlError("net/url: invalid control character in URL")
    if request and not text:
        raise InvalidUrlError("empty url")
    if text == "*":
        return Url(path=text)
    scheme, rest = _scheme(text)
    rest, _, query = rest.partition("?")
    if rest.startswith("/"):
        return _rooted(scheme, rest, query, request=request)
    if scheme:
        return Url(scheme, query=query)
    if request:
        raise InvalidUrlError("invalid URI for request")
    if ":" in rest.partition("/")[0]:
        raise InvalidUrlError("first path segment in URL cannot contain colon")
    _check_escapes(rest)
    return Url(path=rest, query=query)


def _rooted(scheme: str, rest: str, query: str, *, request: bool) -> Url:
    """What begins with a slash: two of them begin a host, where nothing says that it is a path."""
    host, user = "", None
    bare = not scheme and (request or rest.startswith("///"))
    if rest.startswith("//") and not bare:
        authority, slash, path = rest[2:].partition("/")
        user, host = _authority(scheme, authority)
        rest = slash + path
    _check_escapes(rest)
    return Url(scheme, user, host, rest, query)


def _scheme(text: str) -> tuple[str, str]:
    if text.startswith(":"):
        raise InvalidUrlError("missing protocol scheme")
    match = _SCHEME.fullmatch(text)
    if match:
        return match[1].lower(), match[2]
    return "", text


def _authority(scheme: str, authority: str) -> tuple[str | None, str]:
    user, at, host = authority.rpartition("@")
    _check_host(scheme, host)
    if not at:
        return None, host
    if not _USER.fullmatch(user):
        raise InvalidUrlError("net/url: invalid userinfo")
    _check_escapes(user)
    return user, host


def _check_host(scheme: str, host: str) -> None:
    if "[" in host[1:]:
        raise InvalidUrlError("invalid IP-literal")
    if host.startswith("["):
        _check_literal(host)
        return
    name, colon, port = host.partition(":")
    if ":" in port and scheme not in _ONE_COLON:
        name, colon, port = host.rpartition(":")
    _check_port(colon + port)
    _check_characters(name, _stands_for_no_ascii)


def _check_literal(host: str) -> None:
    inside, closed, port = host.rpartition("]")
    if not closed:
        raise InvalidUrlError("missing ']' in host")
    _check_port(port)
    address, zone, named = inside[1:].partition("%25")
    _check_characters(address, _stands_for_no_ascii)
    _check_characters(named, _stands_for_host_character)
    if zone and not named:
        raise InvalidUrlError("invalid host: zone must be a non-empty string")
    try:
        ip = ipaddress.ip_address(address)
    except ValueError as error:
        raise InvalidUrlError(f"invalid host: {error}") from error
    if ip.version != _LITERAL_VERSION:
        raise InvalidUrlError("invalid IP-literal")


def _check_port(port: str) -> None:
    if not _PORT.fullmatch(port):
        raise InvalidUrlError(f"invalid port {_quoted(port)} after host")


def _stands_for_no_ascii(escape: str) -> bool:
    return escape == "%25" or int(escape[1:], 16) >= 0x80


def _stands_for_host_character(escape: str) -> bool:
    character = chr(int(escape[1:], 16))
    return escape == "%25" or character == " " or not _NOT_IN_HOST.match(character)


def _check_characters(name: str, allowed: Callable[[str], bool]) -> None:
    """The characters of a host or zone, and what its escapes stand for."""
    forbidden = _NOT_IN_HOST.search(name)
    if not forbidden:
        _check_escapes(name, allowed)
        return
    _check_escapes(name[: forbidden.start()], allowed)
    raise InvalidUrlError(f"invalid character {_quoted(forbidden[0])} in host name")


def _check_escapes(text: str, allowed: Callable[[str], bool] = bool) -> None:
    position = text.find("%")
    while position >= 0:
        escape = text[position : position + 3]
        if not _ESCAPE.fullmatch(escape) or not allowed(escape):
            raise InvalidUrlError(f"invalid URL escape {_quoted(escape)}")
        position = text.find("%", position + 3)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
