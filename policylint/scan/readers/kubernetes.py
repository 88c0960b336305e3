"""Objects that declare Helm releases (HelmRelease, Application, HelmChart, HelmOp) in manifests and
in other text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from policylint.errors import ReadError
from policylint.runtime.patterns import pattern
from policylint.scan.declarations import flux
from policylint.scan.declarations.declared import Declaration, Read, readings
from policylint.scan.declarations.manifests import mentions, objects
from policylint.scan.declarations.objects import declarations
from policylint.scan.invocations.reader import Reader, Reading
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


def _read(source: Source) -> Iterator[Reading]:
    kind = language(source.name)
    parts = _objects(source, kind)
    if kind == ".json":  # an edit writes YAML
        return readings(_as_code(_releases(parts, source)), source)
    return readings(_releases(parts, source), source)


def _objects(source: Source, kind: str) -> list[Tree | ReadError]:
    """The objects of a text, as its language holds them."""
    if kind in _HCL:
        within = list(here_documents(source.text))
    else:
        within = None
    parts = list(objects(source.text, source.file, yaml=kind in YAML, within=within))
    if kind in YAML:
        return parts
    roots = [part for part in parts if isinstance(part, Tree)]
    if kind == ".md":  # an example with parts left out is no broken release
        return [*roots]
    known = _variables(source.text)
    errors = [part for part in parts if isinstance(part, ReadError)]
    return [*(root.knowing(known) for root in roots), *errors]


def _as_code(releases: Iterable[Read]) -> Iterator[Read]:
    for release in releases:
        if isinstance(release, Declaration):
            yield replace(release, syntax="code")
        else:
            yield release


def _variables(text: str) -> dict[str, str]:
    """The variables of a script that are only ever set to one literal, as here-documents name
    them."""
    values: dict[str, set[str]] = {}
    for name, value in _ASSIGNED.findall(text):
        values.setdefault(name, set()).add(value.strip())
    variables: dict[str, str] = {}
    for name, texts in values.items():
        literal = _LITERAL.match(next(iter(texts)))
        if len(texts) == 1 and literal:
            variables[f"${{{name}}}"] = literal[1].strip("\"'")
    return variables


def _releases(parts: list[Tree | ReadError], source: Source) -> Iterator[Read]:
    roots = [part for part in parts if isinstance(part, Tree)]
    known = dict(flux.sources(roots))
    if any(root.get("spec", "chartRef") for root in roots):
        known = {**flux.sources(_beside(source)), **known}
    for part in parts:
        if isinstance(part, ReadError):
            yield part
        else:
            yield from declarations(part, known)


def _beside(source: Source) -> Iterator[Tree]:
    """The objects of the files that the kustomization of the same directory lists with this one."""
    for file in _resources(source):
        if file.endswith((".yaml", ".yml")):
            text = source.near(file)
        else:
            text = None
        for part in objects(text, file) if text else ():
            if isinstance(part, Tree):
                yield part


def _resources(source: Source) -> Iterator[str]:
    text = source.near("kustomization.yaml") or source.near("kustomization.yml")
    for root in documents(text, "kustomization.yaml") if text else ():
        if isinstance(root, Tree):
            resources = root.get("resources")
        else:
            resources = None
        for item in resources.items() if resources else ():
            yield item.text or ""


READER = Reader(_read, _wants)
