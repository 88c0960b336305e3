"""The secrets that values, texts and arguments hold, found where a message that may quote them is
about to be shown."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from policylint.model import Json
from policylint.redaction.logins import SECRET_KEY
from policylint.redaction.redactor import ASSIGNED, FLOW, NAMED, secret_key
from policylint.runtime.patterns import pattern

_NAMES = pattern(
    r"(?i)existing|^(?:name|kind|type|enabled)$"
    r"|(?:name|ref|file|path|enabled|policy|type|class|provider|length|field|mount)$"
    r"|(?:password|token|secret|user(?:name)?)[-_]?keys?$"
)
"""Keys whose values only say where a secret is, or what it is like."""
_HARMLESS = pattern(
    r"(?i)^(?:user|database|db|host|port|mode|method|repository|registry|image|tag|url|scheme|issuer|audience)$"
)
"""Keys beside a secret, below `auth:` and the like."""
_HOLDER = pattern(r"(?i)stringData$|secrets?$|credentials?$|passwords?$|tokens?$")
"""Keys below which everything is a secret."""
_LOGIN = pattern(r"(?i)[a-z][a-z0-9+.-]{0,30}://[^/@:\s]*:(?P<secret>[^/\s]+)@")
_PRIVATE = pattern(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}-----|\Z)", re.S
)
_LINE = pattern(
    r"^(?P<indent>[ \t]*(?:- +)*)[\"']?(?P<key>[\w./-]{1,100})[\"']?[ \t]*[:=](?P<value>.*)$"
)
_FILE_NAME = pattern(r"[\w .-]*\.[A-Za-z]{1,8}$")
_FLOW_VALUE = pattern(r":\s*([^,{}]+)")
_SCALAR = pattern(r"[|>][-+0-9]*(?:\s+#.*)?$")
_SIGILS = pattern(r"^(?:[&!]\S*\s+)*[*\"']?")
_DATA_KEY = pattern(r"[a-z][a-z._-]*")
"""What names an entry of a Secret: `key: password`."""
_LONGEST = 2_000
"""Longer lines are no settings."""
_ITEM = pattern(r"(?<!\\),(?![^{]*\})")
"""The comma between two assignments of `--set`."""


def secret_values(value: Json, *, held: bool = False, near: bool = False) -> Iterator[str]:
    """The texts of secret-like keys, of entries that are named so, and those that other texts hold
    (a URL's login).

    `held`: everything here is secret; `near`: all but the words that usually stand beside a secret.
    """
    if isinstance(value, Mapping):
        named = secret_key(value.get("name"))
        stored = value.get("kind") == "Secret"
        for key, item in value.items():
            own = (named and key == "value") or (stored and key == "data")
            yield from _below(str(key), item, held=held or own, near=near)
    elif isinstance(value, list):
        for item in value:
            yield from secret_values(item, held=held, near=near)
    elif isinstance(value, (str, int, float)) and not isinstance(value, bool):
        if held or near:
            yield from _spelled(value)
        if isinstance(value, str):
            yield from secret_lines(value)


def _below(key: str, item: Json, *, held: bool, near: bool) -> Iterator[str]:
    if isinstance(item, (Mapping, list)):
        holds = _HOLDER.search(key) is not None and not _NAMES.search(key)
        yield from secret_values(item, held=held or holds, near=near or _is_secret_like(key))
        return
    own = _is_secret_like(key)
    beside = _NAMES.search(key) or (not own and _HARMLESS.search(key)) or _names_entry(key, item)
    yield from secret_values(item, held=(held or own or near) and not beside)


def _names_entry(key: str, item: Json) -> bool:
    return key == "key" and isinstance(item, str) and _DATA_KEY.fullmatch(item) is not None


def _spelled(value: str | float) -> Iterator[str]:
    """A value as it is, a number also as Go prints large ones."""
    yield str(value)
    if not isinstance(value, str):
        yield f"{value:.17e}".partition("e")[0].rstrip("0").rstrip(".")
        yield f"{value:g}"


def secret_lines(text: str, *, nested: bool = False, strict: bool = False) -> Iterator[str]:
    """The secrets of a text that is no YAML, or whose structure says nothing: its lines `key:
    value` and `key=value`.

    With `nested`, what is indented below a secret-like key counts too; `strict` knows fewer words
    for such keys.
    """
    if "://" in text:
        yield from (found["secret"] for found in _LOGIN.finditer(text))
    if "PRIVATE KEY" in text:
        yield from _PRIVATE.findall(text)
    if not SECRET_KEY.search(text) and not secret_key(text):
        return
    if "value" in text:
        yield from (found["value"] for found in NAMED.finditer(text))
    for flow in FLOW.finditer(text):
        yield from (_bare(value) for value in _FLOW_VALUE.findall(flow["value"]))
    below, scalar = -1, False
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip())
        if below >= 0 and (indent > below or not line.strip()):
            if scalar:
                yield line.strip()
            elif nested:
                yield from _assigned(line, always=True)
            continue
        below = -1
        yield from _assigned(line, strict=strict)
        found = _LINE.match(line)
        value = found["value"].strip() if found and _tells(found["key"], strict) else "none"
        if found and (not value or _SCALAR.match(value)):
            scalar = bool(value)
            below = len(found["indent"]) if scalar or nested else -1


def _assigned(line: str, *, always: bool = False, strict: bool = False) -> Iterator[str]:
    """What a line assigns to a secret-like key, or to any key."""
    named = secret_key(line)
    if len(line) > _LONGEST or not (always or named or _is_secret_like(line)):
        return
    found = _LINE.match(line)
    if found and (always or _tells(found["key"], strict)):
        if not found["value"].lstrip().startswith(("{{", "$", "|", ">")):
            yield _bare(found["value"])
    elif always and found is None:
        yield _bare(line.strip().removeprefix("- "))
    if named:
        yield from (assigned["value"] for assigned in ASSIGNED.finditer(line))


def _tells(key: str, strict: bool) -> bool:
    return (secret_key(key) if strict else _is_secret_like(key)) and not _NAMES.search(key)


def _bare(text: str) -> str:
    """A YAML scalar without quotes, anchor, alias or tag."""
    return _SIGILS.sub("", text.strip()).strip("\"'")


def argument_secrets(flag: str, text: str, *, strict: bool = False) -> Iterator[str]:
    """The secrets in an argument of a --set flag as it was typed, whether Helm can read it or not.

    `strict` knows fewer words for secret-like keys.
    """
    yield from (found["value"] for found in NAMED.finditer(text))
    if flag in ("--set", "--set-string", "--set-file"):
        yield from (
            item for item in _items(text, strict) if flag != "--set-file" or not _names_file(item)
        )
        return
    key, equals, value = text.partition("=")
    if flag == "--set-json" and (not equals or key.lstrip().startswith("{")):
        key, value = "", text
    unread = flag == "--set-json" and SECRET_KEY.search(value) is not None and not _is_json(value)
    if unread or _is_argument(key, strict):
        yield value
    yield from _indices(key)


def _items(text: str, strict: bool) -> Iterator[str]:
    secret = False
    for item in _ITEM.split(text):
        key, equals, value = item.partition("=")
        secret = _is_argument(key, strict) if equals else secret
        if not secret:
            continue
        yield from _indices(key)
        given = (
            value if equals else item
        )  # a comma of the value itself, which Helm takes for the next name
        plain = re.sub(r"\\(.)", r"\1", given)
        yield from (given, plain)
        yield from re.split(r"[{},]", plain) if "{" in given else ()
        yield from item.split(".") if not equals else ()


def _names_file(text: str) -> bool:
    """Whether a text is a file's name, or looks like one, rather than the secret itself in its
    place."""
    folder, name = os.path.split(text)
    return (
        Path(text).is_file()
        or _FILE_NAME.match(name) is not None
        or (folder != "" and Path(folder).is_dir())
    )


def _indices(key: str) -> Iterator[str]:
    """What stands where Helm expects the index of a list."""
    if SECRET_KEY.search(key):
        yield from (part for part in re.findall(r"[\[\]]([^\[\].=]+)", key) if not part.isdigit())


def _is_argument(key: str, strict: bool) -> bool:
    """Whether a part of an argument's name is secret-like, and the last one does not only say where
    a secret is."""
    parts = [part for part in re.split(r"[.\[\]\\]+", key) if part and not part.isdigit()]
    return (
        bool(parts)
        and not _NAMES.search(parts[-1])
        and any(map(secret_key if strict else _is_secret_like, parts))
    )


def _is_secret_like(key: str) -> bool:
    return secret_key(key) or SECRET_KEY.search(key) is not None


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
