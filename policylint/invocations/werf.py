"""werf: the release that werf.yaml's `deploy` section names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policylint.errors import ReadError
from policylint.invocations.declared import Declaration, Word, word
from policylint.invocations.tree import Tree, documents

_PROJECT = re.compile(r"\[\[\s*project\s*\]\]")


def read(text: str, file: str) -> Iterator[Declaration | ReadError]:
    """The release of a werf.yaml; nothing where it says nothing about deploying."""
    if "deploy:" not in text or "project:" not in text:
        return
    for root in documents(text, file):
        if isinstance(root, ReadError):
            yield root
            continue
        deploy = root.get("deploy")
        if root.string("project") and deploy and deploy.mapping:
            yield _declaration(root, deploy, file)


def _declaration(root: Tree, deploy: Tree, file: str) -> Declaration:
    project = word(root.get("project"))
    return Declaration(
        tool="werf",
        file=file,
        line=deploy.line,
        column=deploy.column,
        release=_name(deploy.get("helmRelease"), project),
        chart=word(deploy.get("helmChartDir"), ".helm"),
        version=Word(),
        namespace=_name(deploy.get("namespace"), project),
        hidden=True,  # the flags stand with `werf converge`
    )


def _name(tree: Tree | None, project: Word) -> Word:
    """A name with werf's own `[[ project ]]` filled in; with `[[ env ]]`, the default, it is known when werf runs."""
    if tree is None:
        return Word(None, True)
    said = word(tree)
    text = _PROJECT.sub(project.text or "[[ ]]", said.text or "")
    return Word(None, True) if said.dynamic or "[[" in text else Word(text or None)
