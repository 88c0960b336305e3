"""Take what differs from render to render (passwords, certificates, dates) out of the comparison of
two sides.

Each side was rendered twice. Where the two renders of a side differ, both sides get the same value,
so that the difference is in no diff and the reason of no verdict; an object whose very name differs
is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from policylint.kubernetes.api.schemas import schemas
from policylint.kubernetes.manifests.diff import fields
from policylint.kubernetes.manifests.reader import Text
from policylint.kyaml.load import Document, split
from policylint.model import Json
from policylint.runtime.pointers import step, steps

_TEMPLATED = ("Deployment ", "StatefulSet ", "DaemonSet ")
"""Workloads whose pods restart when their template changes."""


class Unsteady(Struct, frozen=True):
    """A place that differs from render to render: its object ("Secret web"), RFC 6901 pointer and
    template."""

    resource: str
    path: str
    template: str


class UnsteadyRender(Struct, frozen=True):
    """Every such place of one release: the subject of rules."""

    places: tuple[Unsteady, ...]

    @property
    def restarting(self) -> dict[str, str]:
        """Workloads ("Deployment web") whose pod template is another one at every render, and the
        first place in it."""
        templated: dict[str, str] = {}
        for place in self.places:
            is_workload = place.resource.startswith(_TEMPLATED)
            if is_workload and place.path.startswith("/spec/template"):
                templated.setdefault(place.resource, place.path)
        return templated

    def __str__(self) -> str:
        by_object: dict[tuple[str, str], list[str]] = {}
        for place in self.places:
            at = by_object.setdefault((place.resource, place.template), [])
            at.append(place.path or "its name")
        texts = []
        for (resource, template), paths in by_object.items():
            texts.append(f"{resource} {', '.join(paths)} ({template})")
        return f"not compared, as it differs from render to render: {'; '.join(texts)}"


class _Side(Struct):
    """A side's documents (with the number of the text they are in), what is unsteady in each, and
    their values."""

    texts: tuple[Text, ...]
    documents: list[Document]
    within: list[int]
    places: dict[int, tuple[str, ...]]
    bodies: dict[int, Json]

    def by_identity(self) -> dict[tuple[str, ...], int]:
        return {_identity(body): number for number, body in self.bodies.items()}


def steady(
    before: tuple[Text, ...],
    after: tuple[Text, ...],
    second_before: str,
    second_after: str,
    minor: str,
) -> tuple[tuple[Text, ...], tuple[Text, ...], tuple[Unsteady, ...]]:
    """Both sides with equal values where a second render differs, line for line where they were,
    and those places.

    A second text is "" where a side was not rendered again. Raises ReadError for text that is no
    YAML.
    """
    old, new = _compared(before, second_before), _compared(after, second_after)
    if not old.places and not new.places:
        return before, after, ()
    _add_counterparts(old, new)
    _add_counterparts(new, old)
    numbers = old.by_identity()
    for number, body in new.bodies.items():
        counterpart = numbers.get(_identity(body))
        if counterpart is not None:
            new.bodies[number] = _levelled(
                old.bodies[counterpart], body, new.places.get(number, ()), minor
            )
            old.bodies[counterpart] = _levelled(
                new.bodies[number], old.bodies[counterpart], old.places.get(counterpart, ()), minor
            )
    places = dict.fromkeys((*_unsteady(old), *_unsteady(new)))
    return _rewritten(old), _rewritten(new), tuple(places)


def _compared(first: tuple[Text, ...], second: str) -> _Side:
    cut = [(number, document) for number, text in enumerate(first) for document in text.documents()]
    documents = [document for _, document in cut]
    places: dict[int, tuple[str, ...]] = {}
    bodies: dict[int, Json] = {}
    if second:
        twins = _twins(documents, split(second, "render"))
    else:
        twins = {}
    for number, twin in twins.items():
        if twin is None or documents[number].text != twin.text:
            bodies[number] = body = documents[number].body()
            places[number] = tuple(_differing(body, twin.body())) if twin else ("/metadata/name",)
    return _Side(first, documents, [number for number, _ in cut], places, bodies)


def _twins(first: Sequence[Document], second: Sequence[Document]) -> dict[int, Document | None]:
    """Each document's counterpart in the other render of its side: the one of the same place in its
    template."""
    waiting: dict[str, list[Document]] = {}
    for document in second:
        waiting.setdefault(document.source, []).append(document)
    twins: dict[int, Document | None] = {}
    for number, document in enumerate(first):
        queue = waiting.get(document.source)
        twins[number] = queue.pop(0) if queue else None
    return twins


def _differing(first: Json, second: Json, path: str = "") -> Iterator[str]:
    """Pointers to what differs; a list of another length differs as a whole."""
    if isinstance(first, dict) and isinstance(second, dict):
        yield from _differing_fields(first, second, path)
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for index, items in enumerate(zip(first, second, strict=True)):
            yield from _differing(*items, step(path, index))
    elif first != second or isinstance(first, bool) is not isinstance(second, bool):
        yield path


def _differing_fields(first: dict[str, Json], second: dict[str, Json], path: str) -> Iterator[str]:
    """Pointers to what differs below two objects, of the fields that the first has."""
    for key, value in first.items():
        if key in second:
            yield from _differing(value, second[key], step(path, key))
        else:
            yield step(path, key)


def _add_counterparts(side: _Side, opposite: _Side) -> None:
    """Read the objects that the other side found unsteady."""
    wanted = {
        _identity(body) for number, body in opposite.bodies.items() if number in opposite.places
    }
    names = {identity[3] for identity in wanted}
    for number, document in enumerate(side.documents):
        if number not in side.bodies and any(name in document.text for name in names):
            body = document.body()
            if _identity(body) in wanted:
                side.bodies[number] = body


def _levelled(model: Json, body: Json, places: tuple[str, ...], minor: str) -> Json:
    """`body` with the value of `model` at each of `places`, list items matched as the diff matches
    them."""
    identity = _identity(body)
    node = schemas(minor).kind(identity[0], identity[1])
    for change in list(fields(model, body, node)) if places else ():
        if change.op == "replace" and any(_covers(place, change.path) for place in places):
            body = _replaced(body, steps(change.path), change.before)
    return body


def _covers(place: str, path: str) -> bool:
    return path == place or path.startswith(f"{place}/")


def _replaced(body: Json, names: list[str], value: Json) -> Json:
    """A copy of `body` with another value at the place."""
    if not names:
        return value
    name, *rest = names
    if isinstance(body, list):
        index = int(name)
        return [*body[:index], _replaced(body[index], rest, value), *body[index + 1 :]]
    return {**body, name: _replaced(body[name], rest, value)}


def _identity(body: Json) -> tuple[str, ...]:
    """apiVersion, kind, namespace and name."""
    table = body if isinstance(body, Mapping) else {}
    written = table.get("metadata")
    metadata = written if isinstance(written, Mapping) else {}
    return tuple(
        str(part or "")
        for part in (
            table.get("apiVersion"),
            table.get("kind"),
            metadata.get("namespace"),
            metadata.get("name"),
        )
    )


def _is_nameless(places: tuple[str, ...]) -> bool:
    return any(
        place in ("", "/apiVersion", "/kind", "/metadata", "/metadata/name", "/metadata/namespace")
        for place in places
    )


def _unsteady(side: _Side) -> Iterator[Unsteady]:
    for number, places in side.places.items():
        _, kind, _, name = _identity(side.bodies[number])
        template = side.documents[number].source
        if _is_nameless(places):
            yield Unsteady(kind or "an object", "", template)
        else:
            yield from (Unsteady(f"{kind} {name}", place, template) for place in places)


def _rewritten(side: _Side) -> tuple[Text, ...]:
    """The side's texts with the changed objects as JSON, padded so that every other line stays
    where it was."""
    return tuple(
        replace(text, text=_rewritten_text(side, number, text.text))
        for number, text in enumerate(side.texts)
    )


def _rewritten_text(side: _Side, text_number: int, text: str) -> str:
    parts: list[str] = []
    copied = sought = 0
    for number, document in enumerate(side.documents):
        if side.within[number] != text_number:
            continue
        begin = text.index(document.text, sought)
        sought = begin + len(document.text)
        if number in side.bodies:
            parts += [text[copied:begin], _printed(side, number)]
            copied = sought
    return "".join([*parts, text[copied:]])


def _printed(side: _Side, number: int) -> str:
    document = side.documents[number]
    head = f"# Source: {document.source}\n" if document.source else ""
    if _is_nameless(side.places.get(number, ())):
        text = head
    else:
        text = f"{head}{json.dumps(side.bodies[number], ensure_ascii=False)}\n"
    return text + "\n" * (document.text.count("\n") - text.count("\n"))
