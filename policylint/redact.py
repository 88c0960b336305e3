"""Secrets never leave policylint: what counts as one, and how it is masked."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from policylint.model import Fix, Json, Resource, ResourceId
from policylint.patterns import pattern

MASK = "(redacted)"
_WORDS = (
    r"(?:passw(?:or)?d|passphrase|passwd|secret(?!name|ref|keyref|provider|store|class)|token(?!review|expir|ttl)"
    r"|api[-_]?key|private[-_]?key|access[-_]?key|credential|auth[-_]?key|encryption[-_]?key|connection[-_]?string|\bpwd\b)"
)
SECRET_KEY = pattern(rf"(?i){_WORDS}")
"""Names of keys whose plain values are taken for secrets."""

_ASSIGNED = pattern(
    rf"(?i)(?<![\w.-])(?P<key>[\w.-]{{0,200}}{_WORDS}[\w.-]{{0,200}}[\"']?[ \t]*[=:][ \t]*[\"']?)"
    r"(?![${(])[^\s\"',;&}]+"
)
"""A secret-looking key with its value inside a text: a line of a configuration file, an argument, a query."""
_LOGIN = pattern(r"(?i)(?P<before>[a-z][a-z0-9+.-]{0,30}://[^/@:\s]*:)[^/@\s]+(?=@)")
"""The password of a URL."""
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
        found = {text for resource in resources if _is_secret(resource.id) for text in _data(resource.body)}
        return cls(tuple(sorted((text for text in found if len(text) >= MIN_LENGTH), key=len, reverse=True)))

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
                shown = _ASSIGNED.sub(rf"\g<key>{MASK}", shown)
            return _LOGIN.sub(rf"\g<before>{MASK}", shown) if "://" in shown else shown
        if isinstance(value, list):
            return [self.value(item) for item in value]
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

        `bodies` are the objects that the pointer leads through: the name beside a `value` may say that it is one.
        """
        if resource is not None and _is_secret(resource) and _holds_data(path):
            return tuple(None if value is None else MASK for value in values)
        if secret_key(path.rpartition("/")[2]) or any(_named_secret(body, path) for body in bodies):
            return tuple(MASK if _plain(value) and value is not None else self.value(value) for value in values)
        return tuple(
            mask_secret(value) if resource and _is_secret(resource) and not path else self.value(value)
            for value in values
        )

    def fix(self, fix: Fix) -> Fix:
        """A fix with its texts masked; edits are applied to the user's own file and stay as they are."""
        return replace(fix, title=self.text(fix.title), steps=tuple(self.text(step) for step in fix.steps))

    def _env(self, owner: Mapping[str, Json], key: str, item: Json) -> Json:
        name = owner.get("name")
        if key == "value" and isinstance(name, str) and secret_key(name) and _plain(item):
            return MASK
        return self.value(item)


def secret_key(key: object) -> bool:
    """Whether a key's name says that its value is a secret."""
    return isinstance(key, str) and SECRET_KEY.search(key) is not None and not key.lower().startswith("existing")


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
    return path.startswith(("/data", "/stringData")) or path.endswith(_LAST_APPLIED.replace("/", "~1"))


def _named_secret(body: Json, path: str) -> bool:
    """Whether a pointer leads to a `value` whose name beside it says that it is a secret (an env entry)."""
    *steps, last = path.split("/")[1:] or [""]
    for step in steps:
        if isinstance(body, list):
            body = body[int(step)] if step.isdigit() and int(step) < len(body) else None
        else:
            body = body.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(body, Mapping) else None
    return last == "value" and isinstance(body, Mapping) and secret_key(body.get("name"))


def _is_secret(identity: ResourceId) -> bool:
    return identity.kind == "Secret" and identity.group == ""


def _plain(value: Json) -> bool:
    return isinstance(value, (str, int, float)) and not isinstance(value, bool) and value != ""


def _data(body: Mapping[str, Json]) -> Iterable[str]:
    for key in ("data", "stringData"):
        held = body.get(key)
        for value in held.values() if isinstance(held, Mapping) else ():
            if not isinstance(value, str):
                continue
            yield value
            if key == "data":
                try:
                    yield base64.b64decode(value, validate=True).decode()
                except (binascii.Error, ValueError):
                    continue
