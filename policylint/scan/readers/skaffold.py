"""Skaffold: the Helm releases of a skaffold.yaml, in its deploy and manifests sections and its
profiles."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from policylint.errors import ReadError
from policylint.scan.declarations.declared import Declaration, Read, readings
from policylint.scan.declarations.rows import declaration
from policylint.scan.invocations.reader import Reader
from policylint.scan.invocations.settings import arguments, strongest
from policylint.scan.texts.source import Source
from policylint.scan.texts.yaml import Tree, documents

_FLAGS = ("global", "install", "upgrade")
"""The argument lists of deploy.helm.flags that an install-or-upgrade sees."""


def read(text: str, file: str) -> Iterator[Read]:
    """The releases of a skaffold.yaml; nothing for a file that is none."""
    for root in documents(text, file):
        if isinstance(root, ReadError):
            yield root
        elif (root.string("apiVersion") or "").startswith("skaffold/"):
            profiles = root.get("profiles")
            for part in (root, *(profiles.items() if profiles else ())):
                yield from _releases(part)


def _releases(part: Tree) -> Iterator[Declaration]:
    for section in ("manifests", "deploy"):
        flags = part.get(section, "helm", "flags")
        if flags:
            lists = [flags.get(name) for name in _FLAGS]
        else:
            lists = []
        shared = [flag for words in lists for flag in arguments(words)]
        releases = part.get(section, "helm", "releases")
        for item in releases.items() if releases else ():
            if item.mapping:
                release = declaration("skaffold", item, item.item_place)
                own = release.settings.values()
                yield replace(release, settings=strongest([*own, *shared]))


def _wants(source: Source) -> bool:
    return "releases" in source.text


READER = Reader(lambda source: readings(read(source.text, source.file), source), _wants)
