"""werf: the release that werf.yaml's `deploy` section names."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.errors import ReadError
from policylint.runtime.patterns import pattern
from policylint.scan.declarations.declared import Declaration, Read, Word, readings, word
from policylint.scan.invocations.reader import Reader
from policylint.scan.texts.source import Source
from policylint.scan.texts.yaml import Tree, documents

_PROJECT = pattern(r"\[\[\s*project\s*\]\]")


def read(text: str, file: str) -> Iterator[Read]:
    """The release of a werf.yaml; nothing where it says nothing about deploying."""
    for root in documents(text, file):
        if isinstance(root, ReadError):
            yield root
            continue
        deploy = root.get("deploy")
        if root.string("project") and deploy and deploy.mapping:
            yield _declaration(root, deploy)


def _declaration(root: Tree, deploy: Tree) -> Declaration:
    project = word(root.get("project"))
    return Declaration(
        tool="werf",
        place=deploy.place,
        release=_name(deploy.get("helmRelease"), project),
        chart=word(deploy.get("helmChartDir"), ".helm"),
        version=Word(),
        namespace=_name(deploy.get("namespace"), project),
        hidden=True,  # the flags stand with `werf converge`
    )


def _name(tree: Tree | None, project: Word) -> Word:
    """A name with werf's own `[[ project ]]` filled in; with `[[ env ]]`, the default, it is known
    when werf runs."""
    if tree is None:
        return Word(None, True)
    written = word(tree)
    text = _PROJECT.sub(project.text or "[[ ]]", written.text or "")
    if written.dynamic or "[[" in text:
        return Word(None, True)
    return Word(text or None)


def _wants(source: Source) -> bool:
    return source.suffix in (".yaml", ".yml") and "project:" in source.text


READER = Reader(lambda source: readings(read(source.text, source.file), source), _wants)
