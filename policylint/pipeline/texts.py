"""Texts and objects of the files that options name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from policylint.helm.sources.manifests import from_directory, from_file, from_stdin
from policylint.kubernetes.manifests.reader import Text
from policylint.model import Json, Object
from policylint.report.places import called_as


def named_texts(names: Iterable[str], called: Mapping[str, str] | None = None) -> tuple[Text, ...]:
    """The texts of files, directories and `-`; `called` says what some are to be called."""
    texts: list[Text] = []
    for name in names:
        if name == "-":
            side = from_stdin()
        elif Path(name).is_dir():
            side = from_directory(Path(name))
        else:
            side = from_file(Path(name))
        texts += (Text(called_as(file, called or {}), text) for file, text in side.text)
    return tuple(texts)


def named_objects(names: Iterable[str]) -> tuple[Object, ...]:
    """The objects of files and directories; standard input can be read once, and is left out."""
    texts = named_texts(name for name in names if name != "-")
    bodies = (document.body() for text in texts for document in text.documents())
    return tuple(_flattened(bodies))


def _flattened(bodies: Iterable[Json]) -> Iterator[Object]:
    """Objects, those of lists one by one."""
    for body in bodies:
        if not isinstance(body, dict):
            continue
        items = body.get("items")
        if str(body.get("kind", "")).endswith("List") and isinstance(items, list):
            yield from _flattened(items)
        else:
            yield body
