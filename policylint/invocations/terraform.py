"""Terraform and OpenTofu: `helm_release` of provider v2 (blocks) and v3 (attributes)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from policylint.errors import ReadError
from policylint.invocations.declared import Declaration, Read, Word, found
from policylint.invocations.hcl import UNDECIDED, Block, Module, parse, value
from policylint.invocations.model import INLINE
from policylint.invocations.settings import Setting, literal, strongest, tables
from policylint.invocations.source import Reader, Source

_HEAD = re.compile(r"^\s*resource\s+\"?helm_release\b", re.MULTILINE)
_SETS = ("set", "set_sensitive", "set_list", "set_wo", "set_string")


def read(text: str) -> Iterator[Read]:
    """The releases of one file."""
    module = parse(text)
    blocks = list(_releases(module.blocks))
    for block in blocks:
        yield _declaration(block, module)
    if module.broken and len(blocks) < len(_HEAD.findall(text)):
        yield ReadError("not HCL", line=module.broken, remedy="correct the file: terraform validate says more")


def _releases(blocks: tuple[Block, ...]) -> Iterator[Block]:
    for block in blocks:
        if block.type == "resource" and block.labels[:1] == ("helm_release",):
            yield block
        else:
            yield from _releases(block.blocks)


def _declaration(block: Block, module: Module) -> Declaration:
    return Declaration(
        tool="terraform",
        spot=block.spot,
        release=_word(block, "name", module),
        chart=_word(block, "chart", module),
        version=_word(block, "version", module),
        namespace=_word(block, "namespace", module),
        settings=strongest(_settings(block, module)),
        values=tuple(_values(block, module)),
        sets=tuple(_sets(block, module)),
        syntax="hcl",
        hidden=block.spot.line <= module.broken <= block.spot.end_line,
    )


def _word(block: Block, name: str, module: Module) -> Word:
    found = block.attributes.get(name)
    if found is None:
        return Word()
    said = value(found.expression, module)
    if said is None:
        return Word()
    return Word(str(said)) if isinstance(said, (str, int, float)) else Word(None, True, found.text)


def _settings(block: Block, module: Module) -> Iterator[Setting]:
    for name, reading in tables()["terraform"].settings.items():
        found = block.attributes.get(name)
        if found is not None:
            said = value(found.expression, module)
            yield from literal(said, said is UNDECIDED, reading, found.spot, name)
    renderer = next((each for each in block.blocks if each.type == "postrender"), block.attributes.get("postrender"))
    if renderer is not None:
        yield Setting("post-renderer", "set", True, renderer.spot, "postrender")


def _values(block: Block, module: Module) -> Iterator[str]:
    found = block.attributes.get("values")
    said: Any = value(found.expression, module) if found else []
    if isinstance(said, list):
        yield from (INLINE for _ in said)
    elif said is not None:
        yield INLINE


def _sets(block: Block, module: Module) -> Iterator[str]:
    for inner in block.blocks:
        name = inner.labels[0] if inner.type == "dynamic" and inner.labels else inner.type
        if name in _SETS:
            yield name
    for name in _SETS:
        found = block.attributes.get(name)
        said: Any = value(found.expression, module) if found else []
        yield from (name for _ in said) if isinstance(said, list) else (name,)


def _wants(source: Source) -> bool:
    return source.path.suffix in (".tf", ".tofu") and "helm_release" in source.text


READER = Reader("terraform", _wants, lambda source: found(read(source.text), source))
