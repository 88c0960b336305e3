"""Secrets never leave policylint: what counts as one, and how it is masked."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from policylint.model import Fix, Json, Resource, ResourceId
from policylint.redaction.assigned import is_secret_value
from policylint.redaction.options import secret_words
from policylint.redaction.quoted import encoded
from policylint.redaction.shapes import token_like
from policylint.redaction.texts import covered, masked
from policylint.redaction.vocabulary import (
    MASK,
    SHORTEST,
    holder_key,
    places_secret,
    secret_key,
    weak_key,
)
from policylint.runtime.pointers import below, is_index, steps, unescaped

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""The annotation in which kubectl keeps the whole object, the data of a Secret too."""


class Redactor(Struct, frozen=True):
    """Masks the secrets of one run in everything that is printed, logged or stored."""

    secrets: tuple[str, ...] = ()

    @classmethod
    def of(cls, resources: Iterable[Resource]) -> Redactor:
        """A redactor that knows the data of these resources' Secrets, encoded and decoded."""
        texts = {
            text
            for resource in resources
            if _is_secret(resource.id)
            for text in _data(resource.body)
        }
        known = {text for text in texts if len(text) >= SHORTEST}
        known |= {form for text in known for form in encoded(text) if len(form) >= 2 * SHORTEST}
        return cls(tuple(sorted(known, key=lambda text: (-len(text), text))))

    def text(self, text: str) -> str:
        """The text with every known secret, and whatever looks like one, masked."""
        return masked(self._without_known(text))

    def value(self, value: Json) -> Json:
        """A value with every known secret and every secret-looking key masked."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return self._items(value)
        if isinstance(value, Mapping):
            return {key: self._entry(value, key, item) for key, item in value.items()}
        return value

    def values(
        self, resource: ResourceId | None, path: str, *values: Json, bodies: Iterable[Json] = ()
    ) -> tuple[Json, ...]:
        """Values found at a pointer of a resource, masked where they are or hold secrets.

        `bodies` are the objects that the pointer leads through: the name beside a `value` may say
        that it is one.
        """
        return tuple(map(self._mask_at(resource, path, bodies), values))

    def _mask_at(
        self, resource: ResourceId | None, path: str, bodies: Iterable[Json]
    ) -> Callable[[Json], Json]:
        """What masks the values at a pointer."""
        if resource is not None and _is_secret(resource):
            if _holds_data(path):
                return _mask_data
            if not path:
                return mask_secret
        if _is_amount(resource, path):
            return self.value
        key = unescaped(path.rpartition("/")[2])
        if _names_secret(resource, path, bodies):
            return lambda value: MASK if _hides(value) else self.value(value)
        if _holds_secret(path):
            return mask_plain
        return lambda value: self._entry({}, key, value)

    def fix(self, fix: Fix) -> Fix:
        """A fix with its texts masked; edits are applied to the user's own file and stay as they
        are."""
        return replace(
            fix, title=self.text(fix.title), steps=tuple(self.text(step) for step in fix.steps)
        )

    def _without_known(self, text: str) -> str:
        for secret in self.secrets:
            if secret in text:
                text = text.replace(secret, MASK)
        return text

    def _items(self, items: list[Json]) -> Json:
        """A list; one of words may be a command."""
        shown = [self.value(item) for item in items]
        words = [item if isinstance(item, str) else "" for item in items]
        for number, start, end in secret_words(words):
            shown[number] = covered(words[number], [(start, end)])
        return shown

    def _entry(self, owner: Mapping[str, Json], key: str, item: Json) -> Json:
        """What a key of a mapping holds."""
        if _hides(item):
            told = secret_key(key) or _own_value(owner, key)
            hides = told or (weak_key(key) and token_like(str(item)))
            if hides:
                return MASK
            return self.value(item)
        if holder_key(key):
            return mask_plain(item)
        return self.value(item)


def _mask_data(value: Json) -> Json:
    if value is None:
        return None
    return MASK


def mask_plain(value: Json) -> Json:
    """A value below a secret-looking key: every text and number masked that does not only say where
    a secret is."""
    if isinstance(value, Mapping):
        return {
            key: item if _says_where(key) and _hides(item) else mask_plain(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [mask_plain(item) for item in value]
    if _hides(value):
        return MASK
    return value


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
    if isinstance(value, list):
        return [mask_values(item) for item in value]
    return Redactor().value(value)


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
    if key == "metadata":
        kept = value.get("annotations")
    else:
        kept = None
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
    for step in steps(path):
        if isinstance(body, list) and is_index(step) and int(step) in _secret_items(body):
            return True
        if isinstance(body, Mapping) and _own_value(body, step):
            return True
        body = below(body, step)
    return False


def _secret_items(items: list[Json]) -> set[int]:
    """The places of a list whose words are the secrets of options."""
    words = [item if isinstance(item, str) else "" for item in items]
    return {number for number, _, _ in secret_words(words)}


def _own_value(owner: Mapping[str, Json], key: str) -> bool:
    """Whether a key is the `value` of an entry whose name says that it is a secret (an env
    entry)."""
    return key == "value" and secret_key(owner.get("name"))


def _holds_secret(path: str) -> bool:
    """Whether a pointer leads below a key that holds nothing but secrets."""
    *steps, last = path.split("/")
    return not _says_where(last) and any(holder_key(step) for step in steps)


def _names_secret(resource: ResourceId | None, path: str, bodies: Iterable[Json]) -> bool:
    """Whether a pointer's own key, or a name beside it, says that there is a secret."""
    key = unescaped(path.rpartition("/")[2])
    told = secret_key(key) or _is_key_of_class(resource, path)
    return told or any(_named_secret(body, path) for body in bodies)


def _is_amount(resource: ResourceId | None, path: str) -> bool:
    """Whether it is how much or how many a quota grants, as in `count/secrets`."""
    return resource is not None and resource.kind == "ResourceQuota" and "/hard/" in path


def _is_key_of_class(resource: ResourceId | None, path: str) -> bool:
    """Whether a parameter of a StorageClass, or another class that a driver reads, may be a key of
    its user's: `restuserkey` of GlusterFS is a password."""
    if resource is None or not resource.kind.endswith("Class"):
        return False
    *parents, key = path.lower().split("/")
    return parents == ["", "parameters"] and key.endswith(("key", "password", "secret", "token"))


def _says_where(key: str) -> bool:
    return key == "key" or places_secret(key)


def _is_secret(identity: ResourceId) -> bool:
    return identity.kind == "Secret" and identity.group == ""


def _hides(value: Json) -> bool:
    """Whether a plain value is no switch and nothing that stands for another."""
    return _plain(value) and is_secret_value(str(value))


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
        import json  # costs the start of runs that hide nothing

        yield json.dumps(text, ensure_ascii=False)[1:-1]
