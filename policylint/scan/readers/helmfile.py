"""helmfile: the releases of a state file, with what they inherit from templates, helmDefaults and
bases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath

from msgspec import Struct, field
from msgspec.structs import replace

from policylint.errors import ReadError
from policylint.runtime.patterns import pattern
from policylint.scan.declarations.declared import Declaration, Read, Word, first, readings, word
from policylint.scan.declarations.written import written
from policylint.scan.invocations.model import INLINE
from policylint.scan.invocations.reader import Reader
from policylint.scan.invocations.settings import Setting, arguments, setting, strongest, tables
from policylint.scan.texts.yaml import Tree, documents

Near = Callable[[str], str | None]
"""The text of a file beside the one that is read, by relative path; None where it cannot be had."""

_OWN = (
    "repositories",
    "helmDefaults",
    "bases",
    "helmfiles",
    "environments",
    "templates",
    "commonLabels",
    "defaultInherit",
)
_RELEASE = pattern(r"\{\{[`\"]?(?:\{\{)?-?\s*\.Release\.(Name|Namespace)\s*-?(?:\}\})?[`\"]?\}\}")
_FILES = ("values", "secrets", "valuesTemplate", "secretsTemplate")
_SETS = ("set", "setString", "setTemplate", "env")
_BASES = 4
"""How deep bases of bases are followed."""


class State(Struct, frozen=True):
    """What the parts of a state file and its bases say together."""

    roots: tuple[Tree, ...] = ()
    defaults: tuple[Tree, ...] = ()
    templates: Mapping[str, Tree] = field(default_factory=dict)
    inherits: tuple[Tree, ...] = ()
    elsewhere: bool = False
    """Whether a base cannot be read: it may set anything."""


class General(Struct, frozen=True):
    """What holds for every release that says nothing else: each key's value and the defaults it
    stands in."""

    values: Mapping[str, tuple[Tree, Tree]]
    open: bool
    flags: tuple[Setting, ...]


class Layer(Struct, frozen=True):
    """One place that a release takes keys from: its own item, or a template with some keys left
    out."""

    tree: Tree
    without: tuple[str, ...] = ()


def read(text: str, file: str, near: Near) -> Iterator[Read]:
    """The releases of a state file; nothing for a file that is none."""
    parts = list(documents(text, file))
    roots = tuple(part for part in parts if isinstance(part, Tree))
    if not is_state(roots, file):
        return
    yield from (part for part in parts if isinstance(part, ReadError))
    state = _state(roots, near, _BASES)
    general = _general(state.defaults)
    for item in _releases(roots):
        yield _declaration(item, state, general)


def is_state(roots: tuple[Tree, ...], file: str) -> bool:
    """Whether these are the documents of a helmfile: by its keys, or by its name and a list of
    releases."""
    releases = list(_releases(roots))
    if not releases or ".policylint" in file:
        return False
    if any(_under(roots, "renderedvalues")):
        return False  # `helmfile build` prints states with this key, and nobody writes it
    if _is_named(PurePosixPath(file)) or any(any(_under(roots, key)) for key in _OWN):
        return True
    return all(item.string("name") and item.string("chart") for item in releases)


def _releases(roots: tuple[Tree, ...]) -> Iterator[Tree]:
    for releases in _under(roots, "releases"):
        for item in releases.items():
            if item.mapping:
                yield item


def _is_named(path: PurePosixPath) -> bool:
    """Whether the name says helmfile; helmwave's own file may lie in a directory that does."""
    return any("helmfile" in part for part in path.parts) and "helmwave" not in path.name


def _under(roots: tuple[Tree, ...], key: str) -> Iterator[Tree]:
    """The value of a key in each document that has it."""
    for root in roots:
        tree = root.get(key)
        if tree is not None:
            yield tree


def _state(roots: tuple[Tree, ...], near: Near, depth: int) -> State:
    """What the documents say on top of their bases: later ones win."""
    lists = list(_under(roots, "bases"))
    state = State(elsewhere=any(tree.open for tree in lists))
    for tree in lists:
        for item in tree.items():
            state = _merged(state, _base(item, near, depth))
    own = State(
        defaults=tuple(_under(roots, "helmDefaults")),
        templates=dict(pair for tree in _under(roots, "templates") for pair in tree.pairs()),
        inherits=tuple(_under(roots, "defaultInherit")),
    )
    return replace(_merged(state, own), roots=roots)


def _merged(below: State, above: State) -> State:
    return State(
        defaults=(*below.defaults, *above.defaults),
        templates={**below.templates, **above.templates},
        inherits=(*below.inherits, *above.inherits),
        elsewhere=below.elsewhere or above.elsewhere,
    )


def _base(item: Tree, near: Near, depth: int) -> State:
    if item.text and not item.dynamic and depth:
        text = near(item.text)
    else:
        text = None
    if text is None:
        return State(elsewhere=True)
    parts = list(documents(text, item.text or ""))
    roots = tuple(part for part in parts if isinstance(part, Tree))
    if len(roots) < len(parts):
        return State(elsewhere=True)
    return _state(roots, near, depth - 1)


def _general(defaults: tuple[Tree, ...]) -> General:
    """The helmDefaults of all parts: of a key that several set, the last counts."""
    values = {name: (value, tree) for tree in defaults for name, value in tree.pairs()}
    flags: list[Setting] = []
    for tree in defaults:
        for key in ("args", "syncArgs"):
            flags += arguments(tree.get(key))
    return General(values, any(tree.open for tree in defaults), tuple(flags))


def _declaration(item: Tree, state: State, general: General) -> Declaration:
    layers, missing = _layers(item, state)
    name = word(item.get("name"))
    forced = [word(root.get("namespace")) for root in reversed(state.roots)]
    namespace = first(*forced, _word(layers, "namespace", name, Word()))
    lost = Word(None, missing)
    return Declaration(
        tool="helmfile",
        place=item.item_place,
        release=first(name, lost),
        chart=first(_word(layers, "chart", name, namespace), lost),
        version=first(_word(layers, "version", name, namespace), lost),
        namespace=first(namespace, lost),
        settings=strongest(_settings(layers, general)),
        values=tuple(text for key in _FILES for text in _files(layers, key)),
        sets=tuple(text for key in _SETS for text in _names(layers, key)),
        inline=tuple(written(_listed(layers, "values"))),
        hidden=missing or state.elsewhere or any(layer.tree.open for layer in layers),
    )


def _layers(item: Tree, state: State) -> tuple[list[Layer], bool]:
    """The item and its templates, the nearest first; whether a template is not to be found."""
    inherited = list(_inherited(item.get("inherit")))
    for tree in state.inherits:
        inherited += _inherited(tree)
    layers, missing = [Layer(item)], False
    for name, without in reversed(inherited):
        template = state.templates.get(name)
        if template is None:
            missing = True
        else:
            layers.append(Layer(template, without))
    return layers, missing


def _inherited(tree: Tree | None) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(template, keys left out) of `inherit:`: one name, one mapping, or a list of either."""
    if tree is None:
        return
    for item in list(tree.items()) or [tree]:
        without = item.get("except")
        if item.mapping:
            name = item.string("template")
        else:
            name = item.text
        if name:
            yield name, tuple(key.text or "" for key in without.items()) if without else ()


def _lookup(layers: list[Layer], key: str) -> tuple[Tree, Layer] | None:
    for layer in layers:
        if key not in layer.without:
            tree = layer.tree.get(key)
        else:
            tree = None
        if tree is not None and (tree.text is not None or tree.mapping or list(tree.items())):
            return tree, layer
    return None


def _word(layers: list[Layer], key: str, name: Word, namespace: Word) -> Word:
    """A text of the release; `.Release.Name` and `.Release.Namespace` in it are known."""
    winner = _lookup(layers, key)
    if winner is None:
        return Word()
    tree, _ = winner
    known = {"Name": name.text, "Namespace": namespace.text}
    text = _RELEASE.sub(lambda match: known[match[1]] or match[0], tree.text or "")
    if "{{" in text:
        return word(tree)
    return Word(text)


def _settings(layers: list[Layer], general: General) -> Iterator[Setting]:
    table = tables()["helmfile"].settings
    for key, reading in table.items():
        winner = _lookup(layers, key)
        if winner:
            tree, layer = winner
            yield from setting(tree, reading, layer.tree)
            continue
        if key in general.values:
            value, tree = general.values[key]
            yield from setting(value, reading, tree)
        elif general.open:
            yield Setting(reading[0], "unknown")
    yield from general.flags


def _files(layers: list[Layer], key: str) -> Iterator[str]:
    for item in _listed(layers, key):
        yield item.text if item.text is not None else INLINE


def _names(layers: list[Layer], key: str) -> Iterator[str]:
    for item in _listed(layers, key):
        name, entry = item.string("name") or item.text or "", item.get("value")
        known = entry is not None and entry.text is not None and not entry.dynamic
        yield f"{name}={entry.text}" if entry is not None and known else name


def _listed(layers: list[Layer], key: str) -> Iterator[Tree]:
    """The items of a list; a template in its place counts as one."""
    winner = _lookup(layers, key)
    if winner is None:
        return
    tree, _ = winner
    yield from [tree] if tree.dynamic and tree.text else tree.items()


READER = Reader(lambda source: readings(read(source.text, source.file, source.near), source))
