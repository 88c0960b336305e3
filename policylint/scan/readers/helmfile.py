"""helmfile: the releases of a state file, with what they inherit from templates, helmDefaults and
bases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath

from msgspec import Struct, field

from policylint.errors import ReadError
from policylint.runtime.patterns import pattern
from policylint.scan.declarations.declared import Declaration, Read, Word, first, found, word
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

    said: Mapping[str, tuple[Tree, Tree]]
    open: bool
    given: tuple[Setting, ...]


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
    for root in roots:
        listed = root.get("releases")
        for item in listed.items() if listed else ():
            if item.mapping:
                yield _declaration(item, state, general)


def is_state(roots: tuple[Tree, ...], file: str) -> bool:
    """Whether these are the documents of a helmfile: by its keys, or by its name and a list of
    releases."""
    listed = [
        item
        for root in roots
        if (found := root.get("releases"))
        for item in found.items()
        if item.mapping
    ]
    if not listed or ".policylint" in file or any(root.get("renderedvalues") for root in roots):
        return False  # `helmfile build` prints states with this key, and nobody writes it
    path = PurePosixPath(file)
    named = any("helmfile" in part for part in path.parts) and "helmwave" not in path.name
    keyed = any(root.get(key) is not None for root in roots for key in _OWN)
    return named or keyed or all(item.string("name") and item.string("chart") for item in listed)


def _state(roots: tuple[Tree, ...], near: Near, depth: int) -> State:
    bases = [found for root in roots if (found := root.get("bases"))]
    under = [_base(item, near, depth) for each in bases for item in each.items()]
    own = [found for root in roots if (found := root.get("helmDefaults"))]
    templates = {
        name: tree
        for root in roots
        if (found := root.get("templates"))
        for name, tree in found.pairs()
    }
    inherits = [found for root in roots if (found := root.get("defaultInherit"))]
    return State(
        roots,
        (*(each for base in under for each in base.defaults), *own),
        {**{name: tree for base in under for name, tree in base.templates.items()}, **templates},
        (*(each for base in under for each in base.inherits), *inherits),
        any(each.open for each in bases) or any(base.elsewhere for base in under),
    )


def _base(item: Tree, near: Near, depth: int) -> State:
    text = near(item.text) if item.text and not item.dynamic and depth else None
    if text is None:
        return State(elsewhere=True)
    parts = list(documents(text, item.text or ""))
    roots = tuple(part for part in parts if isinstance(part, Tree))
    if len(roots) < len(parts):
        return State(elsewhere=True)
    return _state(roots, near, depth - 1)


def _general(defaults: tuple[Tree, ...]) -> General:
    """The helmDefaults of all parts: of a key that several set, the last counts."""
    said = {name: (value, tree) for tree in defaults for name, value in tree.pairs()}
    given = [
        each
        for tree in defaults
        for key in ("args", "syncArgs")
        for each in arguments(tree.get(key))
    ]
    return General(said, any(tree.open for tree in defaults), tuple(given))


def _declaration(item: Tree, state: State, general: General) -> Declaration:
    layers, missing = _layers(item, state)
    name = word(item.get("name"))
    forced = [word(root.get("namespace")) for root in reversed(state.roots)]
    namespace = first(*forced, _word(layers, "namespace", name, Word()))
    lost = Word(None, missing)
    return Declaration(
        tool="helmfile",
        spot=item.item_spot,
        release=first(name, lost),
        chart=first(_word(layers, "chart", name, namespace), lost),
        version=first(_word(layers, "version", name, namespace), lost),
        namespace=first(namespace, lost),
        settings=strongest(_settings(layers, general)),
        values=tuple(text for key in _FILES for text in _files(layers, key)),
        sets=tuple(text for key in _SETS for text in _names(layers, key)),
        hidden=missing or state.elsewhere or any(layer.tree.open for layer in layers),
    )


def _layers(item: Tree, state: State) -> tuple[list[Layer], bool]:
    """The item and its templates, the nearest first; whether a template is not to be found."""
    wanted = [
        *_inherited(item.get("inherit")),
        *(each for tree in state.inherits for each in _inherited(tree)),
    ]
    found = [(state.templates.get(name), without) for name, without in reversed(wanted)]
    layers = [Layer(item), *(Layer(tree, without) for tree, without in found if tree)]
    return layers, any(tree is None for tree, _ in found)


def _inherited(tree: Tree | None) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(template, keys left out) of `inherit:`: one name, one mapping, or a list of either."""
    if tree is None:
        return
    for item in list(tree.items()) or [tree]:
        without = item.get("except")
        name = item.string("template") if item.mapping else item.text
        if name:
            yield name, tuple(key.text or "" for key in without.items()) if without else ()


def _lookup(layers: list[Layer], key: str) -> tuple[Tree, Layer] | None:
    for layer in layers:
        found = layer.tree.get(key) if key not in layer.without else None
        if found is not None and (found.text is not None or found.mapping or list(found.items())):
            return found, layer
    return None


def _word(layers: list[Layer], key: str, name: Word, namespace: Word) -> Word:
    """A text of the release; `.Release.Name` and `.Release.Namespace` in it are known."""
    found = _lookup(layers, key)
    if found is None:
        return Word()
    known = {"Name": name.text, "Namespace": namespace.text}
    text = _RELEASE.sub(lambda match: known[match[1]] or match[0], found[0].text or "")
    return word(found[0]) if "{{" in text else Word(text)


def _settings(layers: list[Layer], general: General) -> Iterator[Setting]:
    table = tables()["helmfile"].settings
    for key, reading in table.items():
        found = _lookup(layers, key)
        if found:
            yield from setting(found[0], reading, found[1].tree)
            continue
        if key in general.said:
            value, tree = general.said[key]
            yield from setting(value, reading, tree)
        elif general.open:
            yield Setting(reading[0], "unknown")
    yield from general.given


def _files(layers: list[Layer], key: str) -> Iterator[str]:
    for item in _listed(layers, key):
        yield item.text if item.text is not None else INLINE


def _names(layers: list[Layer], key: str) -> Iterator[str]:
    for item in _listed(layers, key):
        yield item.string("name") or item.text or ""


def _listed(layers: list[Layer], key: str) -> Iterator[Tree]:
    """The items of a list; a template in its place counts as one."""
    found = _lookup(layers, key)
    if found:
        yield from [found[0]] if found[0].dynamic and found[0].text else found[0].items()


READER = Reader(lambda source: found(read(source.text, source.file, source.near), source))
