"""Kubernetes objects that drive Helm, wherever a text holds them: documents, lists, here-documents,
strings."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from policylint.errors import ReadError
from policylint.runtime.patterns import pattern
from policylint.scan.declarations.groups import api_groups
from policylint.scan.texts.yaml import Tree, documents

_KEY = pattern(r"[\"']?[\w./-]+[\"']?:(?:\s|$)|[{%$]|#|- |-$")
_DOCUMENT = pattern(r"^---(?=[ \t\n]|\Z)", re.MULTILINE)
_PATCHED = pattern(r"^kind:[ \t]*[\"']?(?:Kustomization|Component)\b", re.MULTILINE)


@functools.cache
def _driving() -> re.Pattern[str]:
    """An apiVersion of a group that drives Helm."""
    return re.compile(rf"[\"']?apiVersion[\"']?:[ \t]*[\"']?{_groups()}")


@functools.cache
def _heads() -> re.Pattern[str]:
    """The line that begins such an object in YAML."""
    lead = r"^(?P<lead>[ \t]*(?:- )?[ ]*)apiVersion:[ \t]*"
    return re.compile(rf"{lead}[\"']?{_groups()}", re.MULTILINE)


def _groups() -> str:
    return f"(?:{'|'.join(map(re.escape, api_groups()))})"


def mentions(text: str) -> bool:
    """Whether such an object may be in the text."""
    return any(group in text for group in api_groups()) and bool(_driving().search(text))


def objects(
    text: str, file: str, *, yaml: bool = True, within: Sequence[tuple[int, int]] | None = None
) -> Iterator[Tree | ReadError]:
    """The objects of the groups that drive Helm, in order of their lines; errors in place of
    unreadable ones.

    With `yaml` the text's own documents are read; without, only what stands inside other text, in
    the parts `within` it where these are given. Patches of a kustomization change an object that is
    declared elsewhere and are left out.
    """
    items = [*(_own(text, file) if yaml else ()), *_inside(text, file, yaml=yaml, within=within)]
    yield from sorted((item for item in items if _is_object(item)), key=lambda item: item.line)


def _is_object(item: Tree | ReadError) -> bool:
    """A reference (a health check, a target) names group, kind and name, and has no spec."""
    return isinstance(item, ReadError) or item.get("spec") is not None


def _own(text: str, file: str) -> Iterator[Tree | ReadError]:
    for root in documents(text, file, wanted=_stands_alone):
        if isinstance(root, ReadError):
            yield root
        else:
            yield from (
                tree
                for tree in _unfolded(root)
                if _driving().match(f"apiVersion: {tree.string('apiVersion')}")
            )


def _unfolded(root: Tree) -> Iterator[Tree]:
    """An object, or the objects of a list of any kind."""
    if (root.string("kind") or "").endswith("List"):
        items = root.get("items")
    else:
        items = None
    yield from items.items() if items else [root]


def _stands_alone(document: str) -> bool:
    return bool(
        re.search(r"^apiVersion:|^[ \t]*\{", document, re.MULTILINE) and _driving().search(document)
    )


def _inside(
    text: str, file: str, *, yaml: bool, within: Sequence[tuple[int, int]] | None
) -> Iterator[Tree | ReadError]:
    patches = list(_kustomizations(text)) if yaml else []
    lines = text.split("\n")
    for match in _heads().finditer(text):
        column = len(match["lead"])
        if (yaml and not column) or _stands_in(match.start(), patches):
            continue
        if within is not None and not _stands_in(match.start(), within):
            continue
        at = text.count("\n", 0, match.start())
        first, last = _reach(lines, at, column)
        body = "\n".join(line[column:] for line in lines[first:last])
        yield from documents(body, file, first, column)


def _kustomizations(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of the documents that are kustomizations."""
    edges = [0, *(match.start() for match in _DOCUMENT.finditer(text)), len(text)]
    for start, end in pairwise(edges):
        if _PATCHED.search(text, start, end):
            yield start, end


def _stands_in(at: int, parts: Sequence[tuple[int, int]]) -> bool:
    return any(start <= at < end for start, end in parts)


def _reach(lines: list[str], at: int, column: int) -> tuple[int, int]:
    """First line and the line after the last of the object whose apiVersion is on line `at`."""
    last = at + 1
    while last < len(lines) and _belongs(lines[last], column, blank=True):
        last += 1
    return _top(lines, at, column), last


def _top(lines: list[str], at: int, column: int) -> int:
    """The line of the object's first key, where others stand above its apiVersion."""
    first = above = at
    while above > 0 and "- " not in lines[above][:column]:
        above -= 1
        line = _undashed(lines[above])
        if not _belongs(line, column, blank=False):
            break
        if re.match(r"[A-Za-z]+:(?:\s|$)", line[column:]):
            first = above
    return first


def _undashed(line: str) -> str:
    """The line with the dash of a list item blanked."""
    bare = line.lstrip()
    return " " * (len(line) - len(bare)) + re.sub(r"^-(?= )", " ", bare)


def _belongs(line: str, column: int, *, blank: bool) -> bool:
    if not line.strip():
        return blank
    indent = len(line) - len(line.lstrip())
    if indent != column:
        return indent > column or line.lstrip().startswith("{{")
    return bool(_KEY.match(line[column:])) and not line[column:].startswith("---")
