"""Argo CD: every Application of a tree, those that ApplicationSets make included."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from msgspec.structs import replace

from policylint.model import Json
from policylint.scan.gitops.argocd import GROUP, Context, declared
from policylint.scan.gitops.generators import GeneratorError, parameter_sets
from policylint.scan.gitops.gotemplates import TemplateError, filled
from policylint.scan.gitops.model import Declarations, Declared, Problem
from policylint.scan.gitops.tree import Item, Tree, mapping, normal, sequence, string, value

_APPLICATION = re.compile(r"^[ ]*kind:[ ]*(?:Application|ApplicationSet)[ ]*$", re.MULTILINE)


def resolve(context: Context) -> Declarations:
    """The releases of all Applications, and of what ApplicationSets make of their templates."""
    releases: list[Declared] = []
    problems: list[Problem] = []
    for item in _objects(context.tree):
        if item.kind == "Application":
            releases += declared(context, item)
            continue
        try:
            for application in _generated(context, item):
                releases += declared(context, application)
        except (GeneratorError, TemplateError) as error:
            words = f"ApplicationSet {item.name}: {error}"
            remedy = "its releases are not judged"
            problems.append(Problem(item.file, item.line, words, remedy, _reach(item)))
    problems += _rendered(context.tree)
    return Declarations(tuple(releases), tuple(problems))


def _reach(item: Item) -> tuple[str, ...]:
    """The directories that an ApplicationSet may take charts, values and parameters from: what
    stands before the first template or glob of its paths."""
    spec = mapping(item.body, "spec")
    template = mapping(spec, "template", "spec")
    sources = [*sequence(template, "sources"), mapping(template, "source")]
    paths = [path for source in sources for path in _paths(source)]
    paths += re.findall(r"'path': '([^']*)'", str(sequence(spec, "generators")))
    return tuple(sorted({_literal(path) for path in paths}))


def _paths(source: Json) -> Iterator[str]:
    path = string(source, "path")
    if path:
        yield path
    for entry in sequence(source, "helm", "valueFiles"):
        text = str(entry)
        yield text.partition("/")[2] if text.startswith("$") else posixpath.join(path, text)


def _literal(path: str) -> str:
    """The directory that holds whatever a path with templates and globs may name."""
    literal = re.split(r"[{*?\[]", path)[0]
    folder = path if literal == path else posixpath.dirname(literal)
    return normal(folder or ".")


def _rendered(tree: Tree) -> Iterator[Problem]:
    """Charts whose templates declare Applications: which, their values decide."""
    for name in tree.names:
        text = tree.text(name) if "/templates/" in f"/{name}" else None
        if text is None or f"{GROUP}/" not in text or not _is_template(tree, name):
            continue
        match = _APPLICATION.search(text)
        if match:
            line = text.count("\n", 0, match.start()) + 1
            words = "a chart's template declares Applications, which are not resolved"
            remedy = "render it, and check its files: policylint check after.yaml --before ..."
            yield Problem(name, line, words, remedy, (".",))


def _objects(tree: Tree) -> Iterator[Item]:
    """The Applications and ApplicationSets of files that are no templates."""
    for name in tree.yaml_files():
        text = tree.text(name)
        if text is None or f"{GROUP}/" not in text or _is_template(tree, name):
            continue
        for item in tree.documents(name).items:
            is_known = item.kind in ("Application", "ApplicationSet")
            if is_known and item.group == GROUP and isinstance(item.body.get("spec"), dict):
                yield item


def _is_template(tree: Tree, name: str) -> bool:
    head, found, _ = f"/{name}".rpartition("/templates/")
    return bool(found) and tree.is_file(posixpath.join(head.lstrip("/"), "Chart.yaml"))


def _generated(context: Context, item: Item) -> Iterator[Item]:
    """The Applications of one ApplicationSet."""
    go_template = value(item.body, "spec", "goTemplate") is True
    if value(item.body, "spec", "templatePatch"):
        raise TemplateError("a templatePatch is not resolved")
    template = mapping(item.body, "spec", "template")
    for generator in sequence(item.body, "spec", "generators"):
        if not isinstance(generator, dict):
            continue
        own = mapping(generator, "template")
        for parameters in parameter_sets(context, generator, go_template):
            body = filled(_joined(template, own), parameters, go_template)
            if isinstance(body, dict):
                yield replace(item, body={**body, "kind": "Application"}, text="")


def _joined(template: dict[str, Json], own: dict[str, Json]) -> dict[str, Json]:
    """The template with what a generator's own template says over it."""
    result = dict(template)
    for key, entry in own.items():
        present = result.get(key)
        if isinstance(present, dict) and isinstance(entry, dict):
            result[key] = _joined(present, entry)
        else:
            result[key] = entry
    return result
