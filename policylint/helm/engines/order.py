"""Put rendered templates together as `helm template` does: split, checked, sorted, hooks last.

Source: pkg/release/v1/util (manifest.go, manifest_sorter.go, kind_sorter.go) and
pkg/cmd/template.go of Helm 4.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from posixpath import basename

from msgspec import Struct

from policylint.errors import PolicylintError, RenderError
from policylint.kubernetes.manifests.install import HOOK_EVENTS, rank
from policylint.kyaml.load import parse
from policylint.model import Json
from policylint.runtime.patterns import pattern

_MARK = pattern(r"^---[ \t]*", re.MULTILINE)


class Head(Struct, frozen=True):
    """What Helm reads of a document before it sorts: its kind and its `helm.sh/hook` (None: no
    hook)."""

    kind: str = ""
    hook: str | None = None

    @property
    def events(self) -> tuple[str, ...]:
        """The hook's events, in lower case."""
        return tuple(event.strip().lower() for event in (self.hook or "").split(","))


class Part(Struct, frozen=True):
    """One document of one template."""

    path: str
    text: str
    head: Head


def assemble(
    templates: Mapping[str, str], crds: str = "", *, hooks: bool = True, tests: bool = True
) -> str:
    """The rendered templates (path to text) as `helm template` prints them, NOTES.txt and partials
    left out.

    `crds` is the text of crds/ directories, which stands before them. Raises RenderError for a
    document that Helm would not take.
    """
    parts = [part for path in sorted(templates) for part in _parts(path, templates[path])]
    manifests = crds + _printed(part for part in parts if part.head.hook is None)
    printed = manifests.strip() + "\n"
    if not hooks:
        return printed
    return printed + _printed(
        part for part in parts if part.head.hook is not None and _kept(part.head, tests)
    )


def _printed(parts: Iterable[Part]) -> str:
    """Documents in the order of installation, each below the name of its template."""
    return "".join(f"---\n# Source: {part.path}\n{part.text}\n" for part in _sorted(parts))


def _kept(head: Head, tests: bool) -> bool:
    """Helm skips a hook that has any event it does not know; --skip-tests, what is a test."""
    return HOOK_EVENTS.issuperset(head.events) and (
        tests or not {"test", "test-success"}.intersection(head.events)
    )


def _sorted(parts: Iterable[Part]) -> list[Part]:
    """By kind in the order of installation, unknown kinds last by name; the order within a kind is
    kept."""
    return sorted(
        parts,
        key=lambda part: rank(part.head.kind),
    )


def _parts(path: str, text: str) -> Iterator[Part]:
    if basename(path).startswith("_") or path.endswith("NOTES.txt"):
        return
    for document in _MARK.split(text.lstrip()):
        if document.strip():
            body = document.lstrip()
            yield Part(path, body, head_of(body, path))


@lru_cache(maxsize=10_000)
def head_of(text: str, path: str) -> Head:
    """The head of a document; raises RenderError in Helm's words for what its reader would refuse.

    Most documents are the same on both sides: they are parsed once.
    """
    try:
        body = parse(text, path)
    except PolicylintError as error:
        message = (
            f"YAML parse error on {path}: error converting YAML to JSON: yaml: line "
            f"{error.line}: {error.message}"
        )
        raise RenderError(message, file=path, line=error.line) from error
    if body is None:
        return Head()
    _expect(isinstance(body, dict), body, "value of type util.SimpleHead", path)
    metadata = _table(body, "metadata", path)
    annotations = _table(metadata, "annotations", path, "metadata.")
    _text(body, "apiVersion", path)
    _text(metadata, "name", path, "metadata.")
    read = {key: _text(annotations, key, path, "metadata.annotations.") for key in annotations}
    return Head(_text(body, "kind", path), read.get("helm.sh/hook"))


def _table(table: dict[str, Json], key: str, path: str, within: str = "") -> dict[str, Json]:
    value = table.get(key)
    _expect(
        value is None or isinstance(value, dict),
        value,
        f"struct field SimpleHead.{within}{key}",
        path,
    )
    return value or {}


def _text(table: dict[str, Json], key: str, path: str, within: str = "") -> str:
    """A field of type string: Helm's reader turns booleans and numbers to text there."""
    value = table.get(key)
    _expect(
        not isinstance(value, dict | list),
        value,
        f"struct field SimpleHead.{within}{key} of type string",
        path,
    )
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _expect(holds: bool, value: Json, field: str, path: str) -> None:
    if not holds:
        kind = {bool: "bool", int: "number", float: "number", str: "string", list: "array"}.get(
            type(value), "object"
        )
        message = (
            f"error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {kind} "
            f"into Go {field}"
        )
        raise RenderError(f"YAML parse error on {path}: {message}", file=path)
