"""The secrets that values, texts and arguments hold, found where a message that may quote them is
about to be shown."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from policylint.model import Json
from policylint.redaction.assigned import is_secret_value
from policylint.redaction.texts import secrets_in
from policylint.redaction.vocabulary import (
    holder_key,
    places_secret,
    secret_key,
    weak_key,
    word_set,
    words_of,
)
from policylint.runtime.patterns import pattern

_HARMLESS = word_set(
    "user username database db host port mode method repository registry image tag url scheme "
    "issuer audience"
)
"""Last words of keys beside a secret, below `auth:` and the like: `rootUser`."""
_ENTRY = pattern(
    r"(?P<indent>[ \t]*(?:- +)*)[\"']?(?P<key>[\w./-]{1,100})[\"']?[ \t]*:(?P<value>.*)$"
)
_FILE_NAME = pattern(r"[\w .-]*\.[A-Za-z]{1,8}$")
_SIGILS = pattern(r"^(?:[&!]\S*\s+)*[*\"']?")
_DATA_KEY = pattern(r"[a-z][a-z._-]*")
"""What names an entry of a Secret: `key: password`."""
_LABEL = pattern(r"(?:[a-z][a-z0-9-]*\.)+[a-z]{2,}/[a-z][a-z._-]*")
"""What names a label, a taint or an annotation: `key: node-role.kubernetes.io/master`."""
_BREAK = pattern(r"(?<!\\),|[{}]")


def secret_values(value: Json, *, secret: bool = False, near: bool = False) -> Iterator[str]:
    """The texts of secret-like keys, of entries that are named so, and those that other texts hold
    (a URL's login).

    `secret`: everything here is one; `near`: all but the words that usually stand beside a secret.
    """
    if isinstance(value, Mapping):
        yield from _of_mapping(value, secret=secret, near=near)
    elif isinstance(value, list):
        for item in value:
            yield from secret_values(item, secret=secret, near=near)
    else:
        yield from _of_scalar(value, secret=secret or near)


def _of_scalar(value: Json, *, secret: bool) -> Iterator[str]:
    if isinstance(value, str):
        if secret:
            yield value
        yield from secret_lines(value)
    elif secret and isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from _spelled(value)


def _of_mapping(value: Mapping[str, Json], *, secret: bool, near: bool) -> Iterator[str]:
    named = secret_key(value.get("name"))
    stored = value.get("kind") == "Secret"
    for key, item in value.items():
        own = (named and key == "value") or (stored and key == "data")
        yield from _below(str(key), item, secret=secret or own, near=near)


def _below(key: str, item: Json, *, secret: bool, near: bool) -> Iterator[str]:
    secret_like = _is_secret_like(key)
    if isinstance(item, (Mapping, list)):
        inside = secret or _holds_secrets(key)
        yield from secret_values(item, secret=inside, near=near or secret_like)
    else:
        inside = secret_like or ((secret or near) and not _is_harmless(key))
        yield from secret_values(item, secret=inside and not _says_where(key, item))


def _holds_secrets(key: str) -> bool:
    if key == "stringData" or holder_key(key):
        return True
    return key.lower().endswith(("secret", "secrets")) and not places_secret(key)


def _says_where(key: str, item: Json) -> bool:
    """Whether an item only names a secret, or the entry of one."""
    if key == "key" and isinstance(item, str) and _DATA_KEY.fullmatch(item):
        return True
    return places_secret(key) or _names_label(key, item)


def _names_label(key: str, item: Json) -> bool:
    return key == "key" and isinstance(item, str) and _LABEL.fullmatch(item) is not None


def _spelled(number: float) -> Iterator[str]:
    """A number as it is, and as Go prints large ones."""
    yield str(number)
    yield f"{number:.17e}".partition("e")[0].rstrip("0").rstrip(".")
    yield f"{number:g}"


def secret_lines(text: str, *, nested: bool = False) -> Iterator[str]:
    """The secrets of a text that is no YAML, or whose structure says nothing; of longer ones each
    line too.

    With `nested`, what is indented below a secret-like key counts too, but for comments.
    """
    for secret in secrets_in(text):
        yield secret
        yield from (_bare(line) for line in secret.splitlines())
    if nested:
        yield from _nested(text)


def _nested(text: str) -> Iterator[str]:
    below, holds = -1, False
    for line in text.splitlines():
        words = line.strip()
        if not words or words.startswith("#"):
            continue
        indent = len(line) - len(line.lstrip())
        if below >= 0 and indent > below:
            yield from _nested_value(line, holds=holds)
            continue
        key = _opened(line)
        below = indent if _is_secret_like(key) else -1
        holds = secret_key(key)


def _opened(line: str) -> str:
    """The key of a line that has its value on the lines below; "" for other lines."""
    entry = _ENTRY.match(line)
    if entry is None or _bare(entry["value"].partition(" #")[0]):
        return ""
    return entry["key"]


def _nested_value(line: str, *, holds: bool) -> Iterator[str]:
    entry = _ENTRY.match(line)
    if entry is None:
        value = line.strip().removeprefix("- ")
    else:
        value = entry["value"].partition(" #")[0]
        if _is_beside(entry["key"], _bare(value), holds=holds):
            return
    if is_secret_value(value) and not value.lstrip().startswith(("|", ">")):
        yield _bare(value)


def _is_beside(key: str, value: str, *, holds: bool) -> bool:
    """Whether a key below a secret-like one says where the secret is, or whose it is."""
    if places_secret(key) or _names_label(key, value):
        return True
    return not holds and _is_harmless(key)


def _bare(text: str) -> str:
    """A YAML scalar without quotes, anchor, alias or tag."""
    return _SIGILS.sub("", text.strip()).strip("\"'")


def argument_secrets(flag: str, text: str) -> Iterator[str]:
    """The secrets in an argument of a --set flag as it was typed, whether Helm can read it or
    not."""
    yield from secrets_in(text)
    if flag in ("--set", "--set-string", "--set-file"):
        for item in _items(text):
            if flag != "--set-file" or not _names_file(item):
                yield item
    else:
        yield from _whole_argument(text, is_json=flag == "--set-json")


def _whole_argument(text: str, *, is_json: bool) -> Iterator[str]:
    """The secrets of an argument that holds one assignment, or JSON alone."""
    key, equals, value = text.partition("=")
    if is_json and (not equals or key.lstrip().startswith("{")):
        key, value = "", text
    if _is_argument(key) or (is_json and _is_unread(value)):
        yield value
    yield from _indices(key)


def _is_unread(value: str) -> bool:
    """Whether a text is no JSON and names what is secret."""
    named = any(map(_is_secret_like, re.findall(r"[\w.-]+", value)))
    return named and not _is_json(value)


def _items(text: str) -> Iterator[str]:
    secret = False
    for item in _assignments(text):
        key, equals, value = item.partition("=")
        secret = _is_argument(key) if equals else secret
        if not secret:
            continue
        yield from _indices(key)
        # without `=`: a comma of the value itself, which Helm takes for the next name
        typed = value if equals else item
        plain = re.sub(r"\\(.)", r"\1", typed)
        yield from (typed, plain)
        yield from re.split(r"[{},]", plain) if "{" in typed else ()
        yield from item.split(".") if not equals else ()


def _assignments(text: str) -> list[str]:
    """The assignments of a `--set`, which commas divide that stand in no braces."""
    items: list[str] = []
    end = len(text)
    closes = False
    for mark in reversed(list(_BREAK.finditer(text))):
        if mark[0] != ",":
            closes = mark[0] == "}"
        elif not closes:
            items.append(text[mark.end() : end])
            end = mark.start()
    return [text[:end], *reversed(items)]


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
    if any(map(_is_secret_like, _parts(key))):
        yield from (part for part in re.findall(r"[\[\]]([^\[\].=]+)", key) if not part.isdigit())


def _parts(key: str) -> list[str]:
    parts = re.split(r"[.\[\]\\]+", key)
    return [part for part in parts if part and not part.isdigit()]


def _is_argument(key: str) -> bool:
    """Whether a part of an argument's name is secret-like, and the last one does not only say where
    a secret is."""
    parts = _parts(key)
    return bool(parts) and not places_secret(parts[-1]) and any(map(_is_secret_like, parts))


def _is_harmless(key: str) -> bool:
    words = words_of(key)
    return bool(words) and words[-1] in _HARMLESS


def _is_secret_like(key: str) -> bool:
    return secret_key(key) or weak_key(key)


def _is_json(text: str) -> bool:
    import json  # costs the start of runs that hide nothing

    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
