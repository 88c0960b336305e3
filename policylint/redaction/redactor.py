"""Secrets never leave policylint: what counts as one, and how it is masked."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from policylint.model import Fix, Json, Resource, ResourceId
from policylint.runtime.patterns import pattern

MASK = "(redacted)"
_WORDS = (
    r"(?:passw(?:or)?d|passphrase|passwd|secret(?!name|ref|keyref|provider|store|class)|token(?!review|expir|ttl)"
    r"|api[-_]?key|private[-_]?key|access[-_]?key|credential|auth[-_]?key|encryption[-_]?key|connection[-_]?string|\bpwd\b"
    r"|dsn(?![a-z])|\bauthorization\b(?!-))"
)
SECRET_KEY = pattern(rf"(?i){_WORDS}")
"""Names of keys whose plain values are taken for secrets."""

ASSIGNED = pattern(
    rf"(?i)(?<![\w.-])(?P<key>[\w.-]{{0,200}}{_WORDS}[\w.-]{{0,200}}[\"']?[ \t]*[=:][ \t]*[\"']?)"
    r"(?P<value>(?![${(]|(?:inherit|write|read|none|true|false|null)\b)[^\s\"',;&}]+)"
)
"""A secret-looking key with its value inside a text: a line of a configuration file, an argument, a
query."""
NAMED = pattern(
    rf"(?i)(?P<key>\bname[\"']?[ \t]*[=:][ \t]*[\"']?[\w.-]{{0,200}}{_WORDS}[\w.-]{{0,200}}"
    r"[\"']?[,;]?[ \t]*(?:\r?\n[-+]?[ \t]*)?[\"']?[\w.\[\]]{0,200}value[\"']?[ \t]*[=:][ \t]*[\"']?)"
    r"(?P<value>(?![${(])[^\s\"',;&}]+)"
)
"""The `value` beside a secret-looking `name` inside a text: an env entry, a parameter of a chart,
`--set`."""
FLOW = pattern(
    r"(?i)(?P<key>(?:secrets|passwords|credentials|tokens)[\"']?[ \t]*:[ \t]*)\{(?P<value>(?:[^{}]|\{[^{}]*\})*)\}"
)
"""A map of secrets inside a text, written in braces."""
LOGIN = pattern(r"(?i)(?P<before>[a-z][a-z0-9+.-]{0,30}://[^/@:\s]*:)[^/@\s]+(?=@)")
"""The password of a URL."""
_HOLDER = pattern(
    r"(?i)(?<!serviceaccount)(?:passw(?:or)?ds?|passphrases?|credentials?|tokens?|(?:api|private|access)[-_]?keys?)$"
)
"""Keys below which everything is taken for a secret; `secret` and `secrets` mostly say where one
is."""
_NAME = pattern(r"(?i)existing|(?:name|ref|kind|type|path|file|enabled|optional)$|^key$")
"""Keys below them that only say where one is."""
_OPTION = pattern(r"--?[\w.-]+")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""The annotation in which kubectl keeps the whole object, the data of a Secret too."""

MIN_LENGTH = 6
"""Shorter values are masked where they stand, but not searched for in other text."""


class Redactor(Struct, frozen=True):
    """Masks the secrets of one run in everything that is printed, logged or stored."""

    secrets: tuple[str, ...] = ()

    @classmethod
    def of(cls, resources: Iterable[Resource]) -> Redactor:
        """A redactor that knows the data of these resources' Secrets, encoded and decoded."""
        found = {
            text
            for resource in resources
            if _is_secret(resource.id)
            for text in _data(resource.body)
        }
        return cls(
            tuple(
                sorted((text for text in found if len(text) >= MIN_LENGTH), key=len, reverse=True)
            )
        )

    def text(self, text: str) -> str:
        """The text with every known secret masked."""
        for secret in self.secrets:
            if secret in text:
                text = text.replace(secret, MASK)
        return text

    def value(self, value: Json) -> Json:
        """A value with every known secret and every secret-looking key masked."""
        if isinstance(value, str):
            shown = self.text(value)
            if "=" in shown or ":" in shown:
                shown = FLOW.sub(rf"\g<key>{{{MASK}}}", shown) if "{" in shown else shown
                shown = ASSIGNED.sub(rf"\g<key>{MASK}", shown)
                shown = NAMED.sub(rf"\g<key>{MASK}", shown) if "value" in shown else shown
            return LOGIN.sub(rf"\g<before>{MASK}", shown) if "://" in shown else shown
        if isinstance(value, list):
            return [
                MASK if place and _is_option(value[place - 1], item) else self.value(item)
                for place, item in enumerate(value)
            ]
        if isinstance(value, Mapping):
            return {
                key: MASK if secret_key(key) and _plain(item) else self._env(value, key, item)
                for key, item in value.items()
            }
        return value

    def values(
        self, resource: ResourceId | None, path: str, *values: Json, bodies: Iterable[Json] = ()
    ) -> tuple[Json, ...]:
        """Values found at a pointer of a resource, masked where they are or hold secrets.

        `bodies` are the objects that the pointer leads through: the name beside a `value` may say
        that it is one.
        """
        if resource is not None and _is_secret(resource) and _holds_data(path):
            return tuple(None if value is None else MASK for value in values)
        if secret_key(path.rpartition("/")[2]) or any(_named_secret(body, path) for body in bodies):
            return tuple(MASK if _plain(value) else self.value(value) for value in values)
        if _held(path):
            return tuple(mask_plain(value) for value in values)
        return tuple(
            mask_secret(value)
            if resource and _is_secret(resource) and not path
            else self.value(value)
            for value in values
        )

    def fix(self, fix: Fix) -> Fix:
        """A fix with its texts masked; edits are applied to the user's own file and stay as they
        are."""
        return replace(
            fix, title=self.text(fix.title), steps=tuple(self.text(step) for step in fix.steps)
        )

    def _env(self, owner: Mapping[str, Json], key: str, item: Json) -> Json:
        if _own_value(owner, key):
            return mask_plain(item)
        return (
            mask_plain(item)
            if _HOLDER.search(key) and isinstance(item, (Mapping, list))
            else self.value(item)
        )


def secret_key(key: object) -> bool:
    """Whether a key's name says that its value is a secret."""
    return (
        isinstance(key, str)
        and SECRET_KEY.search(key) is not None
        and not key.lower().startswith("existing")
    )


def mask_plain(value: Json) -> Json:
    """A value below a secret-looking key: every text and number masked that does not only say where
    a secret is."""
    if isinstance(value, Mapping):
        return {
            key: item if _NAME.search(key) and _plain(item) else mask_plain(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [mask_plain(item) for item in value]
    return MASK if _plain(value) else value


def mask_values(value: Json) -> Json:
    """A chart's values with everything below a secret-looking key masked: no key of theirs means an
    API's field."""
    if isinstance(value, Mapping):
        return {
            key: mask_plain(item)
            if secret_key(key) or _own_value(value, key)
            else mask_values(item)
            for key, item in value.items()
        }
    return (
        [mask_values(item) for item in value]
        if isinstance(value, list)
        else Redactor().value(value)
    )


def mask_secret(body: Json) -> Json:
    """A Secret's object with its data masked, keys kept."""
    if not isinstance(body, Mapping):
        return body
    return {key: _masked(key, value) for key, value in body.items()}


def _masked(key: str, value: Json) -> Json:
    if not isinstance(value, Mapping):
        return value
    if key in ("data", "stringData"):
        return dict.fromkeys(value, MASK)
    kept = value.get("annotations") if key == "metadata" else None
    if isinstance(kept, Mapping) and _LAST_APPLIED in kept:
        return {**value, "annotations": {**kept, _LAST_APPLIED: MASK}}
    return value


def _holds_data(path: str) -> bool:
    """Whether a pointer into a Secret leads to its data."""
    return path.startswith(("/data", "/stringData")) or path.endswith(
        _LAST_APPLIED.replace("/", "~1")
    )


def _named_secret(body: Json, path: str) -> bool:
    """Whether a pointer leads to, or into, what a name or an option beside it says to be a
    secret."""
    for step in path.split("/")[1:]:
        if isinstance(body, list):
            place = int(step) if step.isdigit() and int(step) < len(body) else -1
            if place > 0 and _is_option(body[place - 1], body[place]):
                return True
            body = body[place] if place >= 0 else None
        elif isinstance(body, Mapping):
            if _own_value(body, step):
                return True
            body = body.get(step.replace("~1", "/").replace("~0", "~"))
    return False


def _own_value(owner: Mapping[str, Json], key: str) -> bool:
    """Whether a key is the `value` of an entry whose name says that it is a secret (an env
    entry)."""
    return key == "value" and secret_key(owner.get("name"))


def _is_option(before: Json, value: Json) -> bool:
    """Whether an argument is the secret of the option before it: `--token`, `hunter2`."""
    if not isinstance(before, str) or not isinstance(value, str) or value.startswith("-"):
        return False
    return _OPTION.fullmatch(before) is not None and secret_key(before) and not _NAME.search(before)


def _held(path: str) -> bool:
    """Whether a pointer leads below a key that holds nothing but secrets."""
    *steps, last = path.split("/")
    return not _NAME.search(last) and any(_HOLDER.search(step) for step in steps)


def _is_secret(identity: ResourceId) -> bool:
    return identity.kind == "Secret" and identity.group == ""


def _plain(value: Json) -> bool:
    return isinstance(value, (str, int, float)) and not isinstance(value, bool) and value != ""


def _data(body: Mapping[str, Json]) -> Iterable[str]:
    """The texts of a Secret's data: as they are, decoded, and quoted as messages quote them."""
    for key in ("data", "stringData"):
        for text in _texts(body.get(key)):
            yield from _quoted(text)
            if key == "data":
                try:
                    yield from _quoted(base64.b64decode(text, validate=True).decode())
                except (binascii.Error, ValueError):
                    continue


def _texts(value: Json) -> Iterable[str]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif _plain(value):
        yield str(value)


def _quoted(text: str) -> Iterable[str]:
    yield text
    if not text.isprintable() or '"' in text or "\\" in text:
        yield json.dumps(text, ensure_ascii=False)[1:-1]
