"""Values where they are written: a block of a file as a text whose lines are the file's."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import dedent

from policylint.errors import ReadError
from policylint.kyaml.load import compose, load
from policylint.kyaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from policylint.model import Json
from policylint.scan.gitops.model import Declared
from policylint.scan.gitops.tree import Tree


def block_of(text: str, path: tuple[str | int, ...], expected: Json, line: int) -> str:
    """The mapping below keys of a document as YAML with every line where it stands in the file,
    written as a mapping or as a text of its own lines; "" where it cannot be cut out so that it
    reads as `expected`.

    `line` is that of the document's first key in the file.
    """
    if not text:
        return ""
    try:
        node = _node(compose(text, ""), path)
        first, block = _cut(text.splitlines(), node)
        if not block or load(block, "") != expected:
            return ""
    except (ReadError, RecursionError):
        return ""
    return "\n" * (line - 1 - _lead(text) + first) + block + "\n"


def _cut(lines: Sequence[str], node: Node | None) -> tuple[int, str]:
    """(the first line, the lines) of a node that has lines of its own; "" for any other."""
    if isinstance(node, MappingNode) and not node.flow_style:
        first, last = node.start_mark.line, node.end_mark.line
        if node.end_mark.column > node.start_mark.column:  # the end of the file, not the next key
            last += 1
        return first, "\n".join(lines[first:last])
    if isinstance(node, ScalarNode) and node.style == "|":
        first = node.start_mark.line + 1
        return first, dedent("\n".join(lines[first : node.end_mark.line]))
    return 0, ""


def version_place(release: Declared, tree: Tree) -> tuple[str, int]:
    """(file, line) at which the version of a release's chart is written; line 0 where that cannot
    be told. In the release's own file the first such line after the release's counts."""
    file = release.chart.file or release.file
    written = release.chart.version or release.chart.digest
    lines = (tree.text(file) or "").splitlines()
    numbers = [number for number, line in enumerate(lines, 1) if _says(line, written)]
    first = release.line if file == release.file else 1
    after = (number for number in numbers if number >= first)
    return file, next(after, min(numbers, default=0))


def _says(line: str, written: str) -> bool:
    """Whether a line gives a key this value, in YAML or HCL."""
    content = line.partition(" #")[0].rstrip(" ,")
    return bool(written) and content.rpartition(" ")[2].strip("\"'") == written


def _lead(text: str) -> int:
    """The lines of a document before its first key."""
    for number, line in enumerate(text.splitlines()):
        if line.strip() and not line.lstrip().startswith("#"):
            return number
    return 0


def _node(root: Node | None, path: tuple[str | int, ...]) -> Node | None:
    for key in path:
        if isinstance(root, SequenceNode) and isinstance(key, int):
            root = root.value[key] if key < len(root.value) else None
        elif isinstance(root, MappingNode):
            root = next((value for name, value in root.value if _is(name, key)), None)
        else:
            return None
    return root


def _is(node: Node, key: str | int) -> bool:
    return isinstance(node, ScalarNode) and node.value == key
