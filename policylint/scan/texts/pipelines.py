"""The YAML of pipelines, whose jobs and steps are found by walking: roots, failures, and what is
below them."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from policylint.errors import ReadError, RuleFailure
from policylint.kyaml.nodes import Node, ScalarNode
from policylint.kyaml.values import compose
from policylint.runtime.patterns import pattern
from policylint.scan.texts.anchors import anchors_told_apart
from policylint.scan.texts.holes import Filled, fill
from policylint.scan.texts.source import Source
from policylint.scan.texts.yaml import Page, Tree

_SPLIT = pattern(r"^---(?=[ \t\n]|\Z)", re.MULTILINE)
_MAPPING = pattern(r"(?:[ \t]*(?:#[^\n]*)?\n)*+[ ]*+(?:-[ ]++)?[\w.-]+:(?:[ \t]|$)", re.MULTILINE)
_DEPTH = 60
"""How deep `walk` goes: no pipeline nests its steps deeper."""


@functools.lru_cache(maxsize=2)
def _pipelines(source: Source) -> tuple[Tree | RuleFailure, ...]:
    return tuple(_read_pipelines(source))


def _read_pipelines(source: Source) -> Iterator[Tree | RuleFailure]:
    marks = list(_SPLIT.finditer(source.text))
    starts = [0, *(mark.end() for mark in marks)]
    ends = [*(mark.start() for mark in marks), len(source.text)]
    for start, end in zip(starts, ends, strict=True):
        part = source.text[start:end]
        if not part.strip():
            continue
        above = source.place(start)
        page = Page(Filled(part, part), above.line - 1, above.column - 1, source.file, start=start)
        try:
            root = _compose(part, source.file)
        except ReadError as error:
            where = f"{source.file}:{page.line + error.line}"
            yield RuleFailure(
                "scan", f"{where}: {error.message}", error.remedy or "correct the YAML"
            )
            continue
        if root is not None:
            yield Tree(root, page)


def _compose(part: str, file: str) -> Node | None:
    """Compose a pipeline's document as it stands, else with its templates filled.

    A pipeline's own expressions (`${{ env.X }}`) are valid YAML and their spelling counts, so
    filling comes second here; `documents`, for files that are templates, fills first.
    """
    try:
        return compose(part, file)
    except ReadError:
        text = fill(part).text
    try:
        return compose(text, file)
    except ReadError:
        return compose(anchors_told_apart(text), file)


def roots(source: Source) -> Iterator[Tree]:
    """The documents of a pipeline's file that can be read, its commands spelled as they stand."""
    return (root for root in _pipelines(source) if isinstance(root, Tree))


def failures(source: Source) -> Iterator[RuleFailure]:
    """The failures of the documents of a pipeline's file that cannot be read."""
    return (failure for failure in _pipelines(source) if isinstance(failure, RuleFailure))


def within(value: Tree) -> Iterator[Tree]:
    """The roots of the YAML that a block scalar holds (`buildspec: |`); none where it holds other
    text."""
    if not isinstance(value.node, ScalarNode) or value.node.style != "|":
        return
    page = value.page
    body = page.filled.original.find("\n", value.node.start_mark.index) + 1
    part = page.filled.original[body : value.node.end_mark.index]
    if not _MAPPING.match(part):
        return
    try:
        root = _compose(part, page.file)
    except ReadError:
        return
    if root is not None:
        line = page.line + int(value.node.start_mark.line) + 1
        inner = Page(Filled(part, part), line, 0, page.file, start=page.start + body)
        yield Tree(root, inner)


def walk(node: Tree, depth: int = 0) -> Iterator[Tree]:
    """A node and all below it, each once as written."""
    yield node
    if depth > _DEPTH:
        return
    for _, value in node.written():
        yield from walk(value, depth + 1)
    for item in node.items():
        yield from walk(item, depth + 1)
