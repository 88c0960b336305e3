"""Objects that declare Helm releases (HelmRelease, Application, HelmChart, HelmOp) in manifests and
in other text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from policylint.errors import ReadError
from policylint.runtime.patterns import pattern
from policylint.scan.declarations import flux
from policylint.scan.declarations.declared import Declaration, Read, found
from policylint.scan.declarations.manifests import mentions, objects
from policylint.scan.declarations.objects import declarations
from policylint.scan.invocations.reader import Found, Reader
from policylint.scan.texts.hcl import here_documents
from policylint.scan.texts.languages import YAML, language
from policylint.scan.texts.source import Source
from policylint.scan.texts.yaml import Tree, documents

_HCL = (".tf", ".tofu", ".hcl")
_ASSIGNED = pattern(
    r"^[ \t]*(?:export[ \t]+|readonly[ \t]+|local[ \t]+)?([A-Za-z_]\w*)=([^\n]*)", re.MULTILINE
)
_LITERAL = pattern(r"(\"[^\"$`\\]*\"|'[^']*'|[\w./:@%+~-]+)[ \t]*(?:#.*)?$")


def _wants(source: Source) -> bool:
    return mentions(source.text)


def _read(source: Source) -> Iterator[Found]:
    kind = language(source.name)
    within = list(here_documents(source.text)) if kind in _HCL else None
    read = list(objects(source.text, source.file, yaml=kind in YAML, within=within))
    if kind == ".md":  # an example with parts left out is no broken release
        read = [each for each in read if isinstance(each, Tree)]
    if kind not in (*YAML, ".md"):
        known = _variables(source.text)
        read = [each.knowing(known) if isinstance(each, Tree) else each for each in read]
    declared = _releases(read, source)
    if kind == ".json":  # an edit writes YAML
        declared = (
            replace(each, syntax="code") if isinstance(each, Declaration) else each
            for each in declared
        )
    return found(declared, source)


def _variables(text: str) -> dict[str, str]:
    """The variables of a script that are only ever set to one literal, as here-documents name
    them."""
    said: dict[str, set[str]] = {}
    for name, value in _ASSIGNED.findall(text):
        said.setdefault(name, set()).add(value.strip())
    once = {
        name: _LITERAL.match(next(iter(values)))
        for name, values in said.items()
        if len(values) == 1
    }
    return {f"${{{name}}}": literal[1].strip("\"'") for name, literal in once.items() if literal}


def _releases(read: list[Tree | ReadError], source: Source) -> Iterator[Read]:
    roots = [each for each in read if isinstance(each, Tree)]
    known = dict(flux.sources(roots))
    if any(root.get("spec", "chartRef") for root in roots):
        known = {**flux.sources(_beside(source)), **known}
    for each in read:
        yield from (each,) if isinstance(each, ReadError) else declarations(each, known)


def _beside(source: Source) -> Iterator[Tree]:
    """The objects of the files that the kustomization of the same directory lists with this one."""
    text = source.near("kustomization.yaml") or source.near("kustomization.yml")
    for root in documents(text, "kustomization.yaml") if text else ():
        listed = root.get("resources") if isinstance(root, Tree) else None
        for item in listed.items() if listed else ():
            beside = (
                source.near(item.text)
                if item.text and item.text.endswith((".yaml", ".yml"))
                else None
            )
            found = objects(beside, item.text or "") if beside else ()
            yield from (each for each in found if isinstance(each, Tree))


READER = Reader(_read, _wants)
