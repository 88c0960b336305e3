"""Where the objects of a release hold settings, and which of them an upgrade changes."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from policylint.kubernetes.api.reading import fields
from policylint.kubernetes.api.safeguards import kept_containers
from policylint.kubernetes.settings.arguments import of_container
from policylint.kubernetes.settings.files import FILES, settings_in
from policylint.kubernetes.settings.model import (
    Setting,
    SettingChange,
    changes,
    gathered,
    words_of,
)
from policylint.model import Kept, Object
from policylint.runtime.pointers import step

HOLDERS = ("ConfigMap", "Secret")


class Holder(Struct, frozen=True):
    """What holds settings that differ: a container (`container`, `image` of both sides) or a text
    of a ConfigMap or Secret (`file`)."""

    where: str
    changes: tuple[SettingChange, ...]
    container: str = ""
    image: str = ""
    file: str = ""
    image_changes: bool = False
    is_secret: bool = False


def holders(change: Kept) -> Iterator[Holder]:
    """The containers and texts of an object whose settings differ."""
    if not change.fields:
        return
    if change.id.kind in HOLDERS and not change.id.group:
        yield from _texts(change)
        return
    for kept in kept_containers(change):
        sides = [
            gathered(list(of_container(side, kept.path))) for side in (kept.before, kept.after)
        ]
        differing = changes(*sides)
        if differing:
            images = [str(side.get("image", "")) for side in (kept.before, kept.after)]
            yield Holder(
                where=f"container {kept.name} of {change.id}",
                changes=tuple(differing),
                container=kept.name,
                image=images[1],
                image_changes=images[0] != images[1],
            )


def _texts(change: Kept) -> Iterator[Holder]:
    """Every text that both sides have; entries of one line are settings of the object itself."""
    before, after = texts_of(change.before.body), texts_of(change.after.body)
    is_secret = change.id.kind == "Secret"
    entries: list[list[Setting]] = [[], []]
    for side, texts in zip(entries, (before, after), strict=True):
        for key, (path, text) in texts.items():
            if _is_entry(key, text):
                side.append(Setting(key, words_of(key), (text.strip(),), path))
    differing = changes(gathered(entries[0]), gathered(entries[1]))
    if differing:
        yield Holder(str(change.id), tuple(differing), is_secret=is_secret)
    for key, (path, text) in after.items():
        was = before.get(key, (path, text))[1]
        if was != text and not (_is_entry(key, text) or _is_entry(key, was)):
            yield from _text(change, key, path, was, text)


def _text(change: Kept, key: str, path: str, before: str, after: str) -> Iterator[Holder]:
    sides = [gathered(settings_in(key, text)) for text in (before, after)]
    differing = [replace(setting, path=path) for setting in _outermost(changes(*sides))]
    if differing and all(sides):  # nothing could be read of an empty side
        yield Holder(
            where=f"{key} of {change.id}",
            changes=tuple(differing),
            file=key,
            is_secret=change.id.kind == "Secret",
        )


def _outermost(settings: Sequence[SettingChange]) -> list[SettingChange]:
    """The settings without those of an item, or of a block, that one side alone has."""
    alone: list[str] = []
    for setting in settings:
        items = {*(setting.before or ())} ^ {*(setting.after or ())}
        alone += [f"{setting.name}[{item}]" for item in items if setting.is_list]
        alone += [f"{setting.name} {item}." for item in items]
    inner = tuple(alone)
    return [setting for setting in settings if not setting.name.startswith(inner)]


def _is_entry(key: str, text: str) -> bool:
    """Whether a key names a plain value: one line, and no name of a file."""
    return "\n" not in text.strip() and not key.endswith(FILES)


def texts_of(body: Object) -> Mapping[str, tuple[str, str]]:
    """(pointer, text) of each text that a ConfigMap or Secret holds, by its key."""
    texts: dict[str, tuple[str, str]] = {}
    for name in ("data", "stringData"):
        for key, value in fields(body, name).items():
            text = value if isinstance(value, str) else ""
            if name == "data" and body.get("kind") == "Secret":
                text = _decoded(text)
            if text:
                texts[key] = (step(f"/{name}", key), text)
    return texts


def _decoded(text: str) -> str:
    """What base64 stands for; "" where that is no text."""
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
