"""CustomResourceDefinitions by the kind they define, each read only when somebody asks for a kind
of its group."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping

from policylint.model import Manifest, Object, Resource

KIND = "CustomResourceDefinition"
Key = tuple[str, str]
"""(group, kind) of the custom resource."""


class Definitions(Mapping[Key, Object]):
    """The definitions among some resources; of several for one kind the last counts, and one of
    `bases` only where there is none, the first before the others.

    A definition's name is PLURAL.GROUP, so that a look-up reads the definitions of one group only:
    those of a large operator are then never parsed for a release that does not use them.
    """

    def __init__(self, resources: Iterable[Resource], *bases: Mapping[Key, Object]) -> None:
        self._bases = bases
        self._unread: dict[str, list[Resource]] = {}
        self._read: dict[Key, Object] = {}
        for resource in resources:
            if resource.id.kind == KIND:
                self._unread.setdefault(resource.id.name.partition(".")[2], []).append(resource)
        self._any = bool(self._unread) or any(self._bases)

    def __getitem__(self, key: Key) -> Object:
        self._read_group(key[0])
        holder = next((known for known in (self._read, *self._bases) if key in known), self._read)
        return holder[key]

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, tuple):
            return False
        self._read_group(key[0])
        return key in self._read or any(key in base for base in self._bases)

    def __bool__(self) -> bool:
        return self._any  # without reading any

    def __iter__(self) -> Iterator[Key]:
        for group in list(self._unread):
            self._read_group(group)
        yield from dict.fromkeys(itertools.chain(self._read, *self._bases))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def namespaced(self, group: str, kind: str) -> bool | None:
        """Whether the kind lives in namespaces, as its definition says; None where there is
        none."""
        definition = self.get((group, kind))
        if definition is None:
            return None
        return _part(definition, "spec").get("scope") != "Cluster"

    def _read_group(self, group: str) -> None:
        for resource in self._unread.pop(group, ()):
            spec = _part(resource.body, "spec")
            self._read[str(spec.get("group", "")), str(_part(spec, "names").get("kind", ""))] = (
                resource.body
            )


def of_sides(*sides: Manifest) -> Definitions:
    """The definitions of some sides, their crds/ directories first; later sides win."""
    return Definitions(
        resource for side in sides for resource in (*side.crds, *side.resources.values())
    )


def _part(value: Object, key: str) -> Object:
    part = value.get(key)
    if isinstance(part, Mapping):
        return part
    return {}
