"""Terraform and OpenTofu: the `helm_release`s of *.tf files, where what they say is literal.

What variables, loops and templates decide is not known here: a plan (`terraform show -json`) knows
it. Locals and names of namespaces of the same module are followed. Source: the helm_release of
hashicorp/helm v2 (`set` blocks) and v3 (`set` as an attribute).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from policylint.errors import ReadError
from policylint.kyaml.load import load
from policylint.model import Json
from policylint.scan.gitops.clusters import cluster_names
from policylint.scan.gitops.model import ChartSource, Declarations, Declared, Layer, Problem
from policylint.scan.gitops.terraform.modules import (
    Calls,
    callers,
    calls,
    closure,
    deciding,
    files_named,
    outside,
)
from policylint.scan.gitops.terraform.plan import chart_of, sets_of, settings_of
from policylint.scan.gitops.tree import Tree, normal, string
from policylint.scan.texts.hcl import (
    UNDECIDED,
    Block,
    Module,
    encoded,
    items,
    literal_text,
    parse,
    value,
)

if TYPE_CHECKING:
    from tree_sitter import Node

_ENDINGS = (".tf", ".tofu")
_FACTS = (
    "name",
    "namespace",
    "chart",
    "repository",
    "version",
    "force_update",
    "reuse_values",
    "take_ownership",
    "skip_crds",
)
_SETS = ("set", "set_list", "set_sensitive", "set_wo")
_SEVERAL = ("count", "for_each")
_PLAN = "give the plan: terraform show -json PLAN > plan.json && policylint check plan.json"
_CALL = re.compile(r'\b(?P<name>\w++)\(\s*"(?P<path>[^"]*)"')
_OPEN = re.compile(r"(?<![$%])[$%]\{")


class _Folder(Struct, frozen=True, eq=False):
    """One module: the blocks of its files together, and the file of each line."""

    path: str
    module: Module
    starts: tuple[tuple[int, str], ...]
    """(line of the joined text at which a file begins, file), in order."""

    def place(self, line: int) -> tuple[str, int]:
        """(file, line) of a line of the joined text."""
        start, file = next(row for row in reversed(self.starts) if row[0] <= line)
        return file, line - start + 1


def resolve(tree: Tree) -> Declarations:
    """The releases of every module of a tree, and those whose names are not known."""
    folders = list(_folders(tree))
    names = cluster_names([(folder.starts[0][1], folder.path) for folder in folders])
    made = calls(tree) if folders else {}
    releases: list[Declared] = []
    problems: list[Problem] = []
    for folder, name in zip(folders, names, strict=True):
        for block in _releases(folder.module.blocks):
            declared = _release(tree, folder, block)
            if isinstance(declared, Problem):
                paths = (*declared.paths, *deciding(tree, made, folder.path))
                problems.append(replace(declared, paths=paths))
            else:
                whole = replace(declared, environment=name)
                releases.append(_called(tree, made, folder, block, whole))
    return Declarations(tuple(releases), tuple(problems))


def _called(tree: Tree, made: Calls, folder: _Folder, block: Block, release: Declared) -> Declared:
    """The release with the calls of its module, and with the files that decide what of it is not
    known."""
    own = list(callers(made, folder.path))
    settings = {**release.settings, "modules": sorted(call.shown for call in own)}
    why = [f"how many {call.address} makes of it ({call.file})" for call in own if call.several]
    unresolved = (*release.unresolved, *why)
    written = closure(folder.module, block)
    depends: tuple[str, ...] = ()
    if unresolved:
        named = tuple(files_named(tree, folder.path, written))
        depends = outside(tree, made, folder.path) + named
    return replace(
        release, settings=settings, unresolved=unresolved, depends=depends, written=written
    )


def _folders(tree: Tree) -> Iterator[_Folder]:
    """The directories with a helm_release; each is a module."""
    files: dict[str, list[str]] = {}
    for name in tree.names:
        if name.endswith(_ENDINGS):
            files.setdefault(posixpath.dirname(name), []).append(name)
    for path, names in files.items():
        texts = [tree.text(name) or "" for name in names]
        if any("helm_release" in text for text in texts):
            yield _folder(path, names, texts)


def _folder(path: str, names: list[str], texts: list[str]) -> _Folder:
    starts: list[tuple[int, str]] = []
    line = 1
    for name, text in zip(names, texts, strict=True):
        starts.append((line, name))
        line += text.count("\n") + 1
    module = parse("\n".join(texts))
    literal = {key: node for key, node in module.scope.items() if key[0] != "var"}
    return _Folder(path, replace(module, scope=literal), tuple(starts))


def _releases(blocks: tuple[Block, ...]) -> Iterator[Block]:
    for block in blocks:
        if block.type == "resource" and block.labels[:1] == ("helm_release",):
            yield block


def _release(tree: Tree, folder: _Folder, block: Block) -> Declared | Problem:
    address = ".".join(block.labels)
    file, line = folder.place(block.place.line)
    attributes, unknown = _attributes(folder, block)
    if "name" in unknown or any(name in block.attributes for name in _SEVERAL):
        why = "variables or loops decide its name or number"
        return Problem(file, line, f"{address}: {why}", _PLAN, (folder.path or ".",))
    layers, unread = _values(tree, folder, block)
    unknown = [name for name in unknown if name != "values"]
    unresolved = [f"{name} of {address} is decided by variables" for name in unknown]
    return Declared(
        tool="terraform",
        name=string(attributes, "name"),
        namespace=string(attributes, "namespace") or "default",
        file=file,
        line=line,
        chart=_chart(tree, folder, attributes),
        layers=layers,
        sets=tuple(sets_of(attributes)),
        settings=settings_of(attributes) | _renderer(block),
        unresolved=(*unresolved, *unread),
    )


def _renderer(block: Block) -> dict[str, Json]:
    names = [inner.type for inner in block.blocks] + list(block.attributes)
    if "postrender" in names:
        return {"postRenderers": ["postrender"]}
    return {}


def _attributes(folder: _Folder, block: Block) -> tuple[dict[str, Json], list[str]]:
    """The facts and sets of a release, and the names of those that are not literal."""
    facts: dict[str, Json] = {
        name: _here(folder, block.attributes[name].expression)
        for name in (*_FACTS, *_SETS)
        if name in block.attributes
    }
    for name, row in _rows(folder, block):
        rows = facts.setdefault(name, [])
        if isinstance(rows, list):
            rows.append(row)
    unknown = [name for name, fact in facts.items() if _is_open(fact)]
    return {name: fact for name, fact in facts.items() if name not in unknown}, unknown


def _rows(folder: _Folder, block: Block) -> Iterator[tuple[str, Any]]:
    """(kind, entry) of each `set` block; an entry that a loop makes is not known."""
    for inner in block.blocks:
        is_loop = inner.type == "dynamic"
        if is_loop and inner.labels:
            name = inner.labels[0]
        else:
            name = inner.type
        if name in _SETS:
            entries = inner.attributes.items()
            row = {key: value(entry.expression, folder.module) for key, entry in entries}
            yield name, UNDECIDED if is_loop else row


def _here(folder: _Folder, expression: Node) -> Any:
    """The value of an expression; a text that begins with the module's own path is known too."""
    decoded = value(expression, folder.module)
    text = (expression.text or b"").decode(errors="replace")
    if decoded is UNDECIDED and text.startswith('"${path.module}/'):
        rest = text[1:-1].removeprefix("${path.module}")
        if _OPEN.search(rest):
            return UNDECIDED
        return f".{rest}"
    return decoded


def _is_open(decoded: Any) -> bool:
    """Whether a part of a value is not known."""
    if isinstance(decoded, dict):
        return any(_is_open(inner) for inner in decoded.values())
    if isinstance(decoded, list):
        return any(_is_open(inner) for inner in decoded)
    return decoded is UNDECIDED


def _chart(tree: Tree, folder: _Folder, attributes: dict[str, Json]) -> ChartSource:
    source = chart_of(attributes)
    local = normal(posixpath.join(folder.path, string(attributes, "chart")))
    if source.kind in ("path", "unknown") and tree.is_file(f"{local}/Chart.yaml"):
        return ChartSource("path", local)
    if source.kind != "path":
        return source
    return ChartSource("unknown", source.name)


def _values(tree: Tree, folder: _Folder, block: Block) -> tuple[tuple[Layer, ...], tuple[str, ...]]:
    """The documents of `values`, in order, and what of them is not known."""
    attribute = block.attributes.get("values")
    if attribute is None:
        return (), ()
    listed = items(attribute.expression)
    if listed is None:
        return (), ("values is made by an expression that only terraform evaluates",)
    layers: list[Layer] = []
    unknown: list[str] = []
    for number, item in enumerate(listed):
        layer = _layer(tree, folder, item, f"values[{number}] of {'.'.join(block.labels)}")
        if isinstance(layer, Layer):
            layers.append(layer)
        else:
            unknown += [layer] if layer else []
    return tuple(layers), tuple(unknown)


def _layer(tree: Tree, folder: _Folder, item: Node, label: str) -> Layer | str:
    """One document of values; a text says why it is not known, "" for an empty one."""
    text = (item.text or b"").decode(errors="replace")
    call = _CALL.match(text)
    if call and call["name"] == "file":
        return _file(tree, folder, call["path"])
    decoded = encoded(item, folder.module)
    if isinstance(decoded, dict) and not _is_open(decoded):
        return Layer("values", decoded, label=label)
    written = literal_text(item)
    if written is None:
        what = f"{call['name']}({call['path']})" if call else label
        return f"the values of {what} are made by terraform"
    try:
        values = load(written, label)
    except ReadError as error:
        return f"{label} cannot be read: {error.message}"
    if isinstance(values, dict):
        return Layer("values", values, label=label)
    return ""


def _file(tree: Tree, folder: _Folder, written: str) -> Layer | str:
    within = re.sub(r"\$\{path\.(?:module|root|cwd)\}", ".", written)
    path = normal(posixpath.join(folder.path, within))
    if _OPEN.search(within) or not tree.is_file(path):
        return f"the values file {written} is not known"
    return Layer("file", path=path, file=path)
