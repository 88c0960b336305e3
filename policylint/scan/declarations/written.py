"""Values that a declaration holds itself, as a text whose lines are the file's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policylint.kyaml.nodes import ScalarNode
from policylint.scan.invocations.model import Written
from policylint.scan.texts.yaml import Tree


def written(trees: Iterable[Tree | None]) -> Iterator[Written]:
    """The values of these nodes: mappings, and literal blocks of YAML; what templates write is left
    out."""
    for tree in trees:
        text = _text(tree) if tree is not None else ""
        if tree is not None and text:
            yield Written(tree.page.file, text)


def _text(tree: Tree) -> str:
    filled, node = tree.page.filled, tree.node
    line = int(node.start_mark.line) + tree.page.line
    if tree.mapping:
        cut = filled.original[node.start_mark.index : node.end_mark.index]
        column = int(node.start_mark.column) + tree.page.column
        if "{{" in cut:
            return ""
        return "\n" * line + " " * column + cut
    if isinstance(node, ScalarNode) and node.style == "|" and not tree.dynamic:
        return "\n" * (line + 1) + str(node.value)
    return ""
