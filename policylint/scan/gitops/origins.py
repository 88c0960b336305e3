"""Values where they are written: a block of a file as a text whose lines are the file's."""

from __future__ import annotations

from policylint.errors import ReadError
from policylint.kyaml.load import compose, load
from policylint.kyaml.nodes import MappingNode, Node, ScalarNode
from policylint.model import Json
from policylint.scan.gitops.model import Declared
from policylint.scan.gitops.tree import Tree


def block_of(text: str, path: tuple[str, ...], expected: Json, line: int) -> str:
    """The mapping below keys of a document as YAML with every line where it stands in the file; ""
    where it cannot be cut out so that it reads as `expected`.

    `line` is that of the document's first key in the file.
    """
    if not text:
        return ""
    try:
        node = _node(compose(text, ""), path)
        if node is None or node.flow_style:
            return ""
        lines = text.splitlines()
        first, last = node.start_mark.line, node.end_mark.line + 1
        block = "\n".join(lines[first:last] if node.end_mark.column else lines[first : last - 1])
        if load(block, "") != expected:
            return ""
    except (ReadError, RecursionError):
        return ""
    return "\n" * (line - 1 - _lead(text) + first) + block + "\n"


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


def _node(root: Node | None, path: tuple[str, ...]) -> MappingNode | None:
    for key in path:
        if not isinstance(root, MappingNode):
            return None
        root = next((value for name, value in root.value if _is(name, key)), None)
    if isinstance(root, MappingNode):
        return root
    return None


def _is(node: Node, key: str) -> bool:
    return isinstance(node, ScalarNode) and node.value == key
