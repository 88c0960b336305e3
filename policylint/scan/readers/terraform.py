"""Terraform and OpenTofu: `helm_release` of provider v2 (blocks) and v3 (attributes), in texts of
other kinds too."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec.structs import replace

from policylint.errors import ReadError
from policylint.runtime.patterns import pattern
from policylint.scan.declarations.declared import Declaration, Read, Word, readings
from policylint.scan.declarations.manifests import mentions
from policylint.scan.declarations.objects import declarations
from policylint.scan.invocations.model import INLINE, Assignment, Written
from policylint.scan.invocations.reader import Reader, Reading
from policylint.scan.invocations.settings import Setting, literal, strongest, tables, varies
from policylint.scan.texts.hcl import (
    UNDECIDED,
    Block,
    Module,
    encoded,
    here_documents,
    items,
    literal_text,
    parse,
    value,
)
from policylint.scan.texts.languages import language
from policylint.scan.texts.source import NOWHERE, Source
from policylint.scan.texts.yaml import Tree, documents

_MOST_ALONE = 100
"""How many releases of a broken file are read each by itself."""
_HEAD = pattern(r"^[ \t]*resource\s+\"?helm_release\b", re.MULTILINE)
_OWN = (".tf", ".tofu")
_OTHERS = (".hcl", ".sh", ".bash", ".yaml", ".yml", "")
"""Kinds of text that may hold a block of Terraform's in a here-document."""
_BRACES = pattern(r"\"(?:[^\"\\\n]|\\.)*\"|[{}]|#[^\n]*")
_MANIFESTS = ("manifest", "yaml_body", "object", "content")
"""Attributes of resources that give an object (hashicorp/kubernetes, gavinbunney/kubectl)."""
_SETS = ("set", "set_sensitive", "set_list", "set_wo", "set_string")


def read(text: str) -> Iterator[Read]:
    """The releases of one file."""
    module = parse(text)
    blocks = list(_releases(module.blocks))
    if module.broken:
        blocks += _alone(text, {block.place.line for block in blocks})
    for block in blocks:
        yield _declaration(block, module)
    if module.broken and len(blocks) < len(_HEAD.findall(text)):
        yield ReadError(
            "not HCL", line=module.broken, remedy="correct the file: terraform validate says more"
        )


def read_manifests(text: str) -> Iterator[Declaration]:
    """What objects of Kubernetes declare that a file has as values: `manifest = {...}`,
    `yamlencode({...})`."""
    module = parse(text)
    for block in module.blocks:
        for name in _MANIFESTS:
            attribute = block.attributes.get(name)
            if attribute:
                decoded = encoded(attribute.expression, module)
            else:
                decoded = None
            for manifest in decoded if isinstance(decoded, list) else [decoded]:
                yield from _objects(manifest, block) if isinstance(manifest, dict) else ()


def _objects(manifest: dict[str, Any], block: Block) -> Iterator[Declaration]:
    if not mentions(f"apiVersion: {manifest.get('apiVersion')}/"):
        return
    text = json.dumps(manifest, default=lambda _: "${undecided}")
    for root in documents(text, ""):
        if isinstance(root, Tree):
            for declared in declarations(root, {}):
                placed = {
                    name: replace(setting, place=NOWHERE)
                    for name, setting in declared.settings.items()
                }
                yield replace(declared, place=block.place, settings=placed, syntax="code")


def read_inside(text: str, within: Iterable[tuple[int, int]]) -> Iterator[Read]:
    """The releases that stand in these parts of a text of another kind: here-documents, block
    scalars."""
    for start, end in within:
        for match in _HEAD.finditer(text, start, end):
            head = text.rfind("\n", 0, match.end()) + 1
            above = re.sub(r"[^\n]", " ", text[:head])
            module = parse(above + text[head : _end(text, match.end(), end)])
            yield from (
                _substituted(_declaration(block, module)) for block in _releases(module.blocks)
            )


def _alone(text: str, seen: set[int]) -> Iterator[Block]:
    """The releases of a text that is no HCL as a whole, each read by itself; `seen` are the lines
    of those found."""
    for match in itertools.islice(_HEAD.finditer(text), _MOST_ALONE):
        head = text.rfind("\n", 0, match.end()) + 1
        module = parse(
            re.sub(r"[^\n]", " ", text[:head]) + text[head : _end(text, match.end(), len(text))]
        )
        yield from (
            block
            for block in _releases(module.blocks)
            if block.place.line not in seen and not module.broken
        )


def _substituted(declared: Declaration) -> Declaration:
    """The same where the text around it may put something in place of `$NAME`."""

    def settled(word: Word) -> Word:
        if varies(word.text or ""):
            return Word(None, True, word.text or "")
        return word

    return replace(
        declared,
        release=settled(declared.release),
        chart=settled(declared.chart),
        version=settled(declared.version),
        namespace=settled(declared.namespace),
    )


def _end(text: str, at: int, limit: int) -> int:
    """Behind the bracket that closes the block which opens after `at`."""
    depth = 0
    for match in _BRACES.finditer(text, at, limit):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if match[0] == "}" and depth <= 0:
            return match.end()
    return limit


def _releases(blocks: tuple[Block, ...]) -> Iterator[Block]:
    for block in blocks:
        if block.type == "resource" and block.labels[:1] == ("helm_release",):
            yield block
        else:
            yield from _releases(block.blocks)


def _declaration(block: Block, module: Module) -> Declaration:
    sets = list(_sets(block, module))
    return Declaration(
        tool="terraform",
        place=block.place,
        release=_word(block, "name", module),
        chart=_word(block, "chart", module),
        version=_word(block, "version", module),
        namespace=_word(block, "namespace", module),
        settings=strongest(_settings(block, module)),
        values=tuple(_values(block, module)),
        sets=tuple(text for text, _ in sets),
        assigned=tuple(Assignment(text) for text, is_guessed in sets if is_guessed),
        inline=tuple(_inline(block, module)),
        syntax="hcl",
        hidden=block.place.line <= module.broken <= block.place.end_line,
    )


def _word(block: Block, name: str, module: Module) -> Word:
    attribute = block.attributes.get(name)
    if attribute is None:
        return Word()
    decoded = value(attribute.expression, module)
    if decoded is None:
        return Word()
    if isinstance(decoded, (str, int, float)):
        return Word(str(decoded))
    return Word(None, True, attribute.text)


def _settings(block: Block, module: Module) -> Iterator[Setting]:
    for name, reading in tables()["terraform"].settings.items():
        attribute = block.attributes.get(name)
        if attribute is not None:
            decoded = value(attribute.expression, module)
            yield from literal(decoded, decoded is UNDECIDED, reading, attribute.place, name)
    renderer = next(
        (inner for inner in block.blocks if inner.type == "postrender"),
        block.attributes.get("postrender"),
    )
    if renderer is not None:
        yield Setting("post-renderer", "set", True, renderer.place, "postrender")


def _values(block: Block, module: Module) -> Iterator[str]:
    attribute = block.attributes.get("values")
    decoded: Any = value(attribute.expression, module) if attribute else []
    if isinstance(decoded, list):
        yield from (INLINE for _ in decoded)
    elif decoded is not None:
        yield INLINE


def _sets(block: Block, module: Module) -> Iterator[tuple[str, bool]]:
    """(`name=value`, or what is known of it; whether Helm guesses its type) of each set."""
    for inner in block.blocks:
        if inner.type == "dynamic" and inner.labels:
            name = inner.labels[0]
        else:
            name = inner.type
        if name in _SETS:
            row = {
                key: value(attribute.expression, module)
                for key, attribute in inner.attributes.items()
            }
            yield _set(name, {} if inner.type == "dynamic" else row)
    for name in _SETS:
        if name in block.attributes:
            yield from _set_list(name, value(block.attributes[name].expression, module))


def _set_list(kind: str, decoded: Any) -> Iterator[tuple[str, bool]]:
    """The entries of `set = [...]`; a list that is not known counts as one."""
    for row in decoded if isinstance(decoded, list) else [{}]:
        yield _set(kind, row if isinstance(row, dict) else {})


def _set(kind: str, row: dict[str, Any]) -> tuple[str, bool]:
    """A sensitive one is not shown, and kept out of plans by Terraform itself."""
    name, setting = row.get("name"), row.get("value")
    if kind != "set" or not isinstance(name, str) or not isinstance(setting, (str, int, float)):
        return (name if isinstance(name, str) else kind), False
    if isinstance(setting, bool):
        text = str(setting).lower()
    else:
        text = str(setting)
    return f"{name}={text}", row.get("type") in (None, "auto")


def _inline(block: Block, module: Module) -> Iterator[Written]:
    """The documents of `values` that are written out: here-documents and yamlencode."""
    attribute = block.attributes.get("values")
    for item in (items(attribute.expression) if attribute else None) or ():
        line = item.start_point[0]
        text = literal_text(item)
        if text is not None:
            yield Written("", "\n" * (line + 1) + text)
            continue
        decoded = encoded(item, module)
        if isinstance(decoded, dict):
            shown = json.dumps(decoded, default=lambda _: "${undecided}")
            yield Written("", "\n" * line + shown)


def _read(source: Source) -> Iterator[Reading]:
    kind = language(source.name)
    if kind not in (*_OWN, ".hcl"):
        return readings(read_inside(source.text, [(0, len(source.text))]), source)
    if kind in _OWN:
        own = [*read(source.text), *read_manifests(source.text)]
    else:
        own = []
    return readings([*own, *read_inside(source.text, here_documents(source.text))], source)


READER = Reader(_read)
