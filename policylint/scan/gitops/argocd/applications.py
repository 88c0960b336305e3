"""Argo CD: every Application of a tree, those that ApplicationSets make included."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from msgspec.structs import replace

from policylint.errors import ReadError
from policylint.kyaml.load import load
from policylint.kyaml.merge import laid_over
from policylint.model import Json
from policylint.scan.gitops.argocd import appschart
from policylint.scan.gitops.argocd.application import FINALIZER, GROUP, Context, declared
from policylint.scan.gitops.argocd.generators import GeneratorError, parameter_sets
from policylint.scan.gitops.argocd.overrides import without_null
from policylint.scan.gitops.argocd.templates import Strict, filled
from policylint.scan.gitops.gotemplates.model import TemplateError
from policylint.scan.gitops.model import ChartSource, Declarations, Declared, Problem
from policylint.scan.gitops.tree import Item, Tree, mapping, normal, parsed, sequence, string, value

_MOST_RELEASES = 5_000
_SOURCE = re.compile(r"^# Source: [^/\n]+/(\S+)$", re.MULTILINE)
_APPLICATION = re.compile(r"^[ ]*kind:[ ]*(?:Application|ApplicationSet)[ ]*$", re.MULTILINE)


class RenderError(Exception):
    """Why a chart that declares Applications could not be rendered."""


class Charts(Protocol):
    """Something that renders a chart of the repository."""

    def manifest(self, tree: Tree, release: Declared) -> str:
        """What `helm template` prints for a release; raises RenderError."""


def resolve(
    context: Context,
    charts: Charts | None = None,
    releases: Sequence[Declared] = (),
    listed: Sequence[Declared] = (),
) -> Declarations:
    """The releases of all Applications, those that ApplicationSets make of their templates, that
    charts render and that values of argocd-apps hold included; `releases` are those of other
    tools, `listed` those of the configuration, whose charts may declare Applications."""
    walk = _Walk(context, charts)
    for item in (*_objects(context.tree), *appschart.items(context.tree, releases)):
        walk.add(item)
    walk.charts_of_applications(listed)
    return Declarations(tuple(walk.releases), tuple(walk.problems))


class _Walk:
    """Applications and the Applications that their charts declare, from those in files on."""

    def __init__(self, context: Context, charts: Charts | None) -> None:
        self.releases: list[Declared] = []
        self.problems: list[Problem] = []
        self._context = context
        self._charts = charts
        self._seen: set[tuple[str, ...]] = set()

    def add(self, item: Item, parent: Declared | None = None) -> None:
        """Take the releases of an Application or ApplicationSet; `parent` is the release whose
        chart declares it."""
        try:
            for application in _applications(self._context, item):
                for release in declared(self._context, application):
                    self.releases.append(_child(release, parent) if parent else release)
        except (GeneratorError, TemplateError) as error:
            words = f"ApplicationSet {item.name}: {error}"
            remedy = "its releases are not judged"
            self.problems.append(Problem(item.file, item.line, words, remedy, _reach(item)))

    def charts_of_applications(self, listed: Sequence[Declared]) -> None:
        """Render the charts whose templates declare Applications: those of releases, then those
        that no release names, with their own values."""
        declaring = {problem.paths[0]: problem for problem in _declaring(self._context.tree)}
        for release in listed:
            self._render_of(release, declaring)
        turn = 0
        while turn < len(self.releases) and turn < _MOST_RELEASES:
            self._render_of(self.releases[turn], declaring)
            turn += 1
        named = {release.chart.name for release in (*listed, *self.releases)}
        for folder, problem in declaring.items():
            if folder not in named:
                self._render_alone(folder, problem)

    def _render_of(self, release: Declared, declaring: Mapping[str, Problem]) -> None:
        if release.chart.kind == "path" and release.chart.name in declaring:
            self._render(release, declaring[release.chart.name])

    def _render_alone(self, folder: str, problem: Problem) -> None:
        """Render a chart that no Application names, with its own values."""
        own = Declared("argocd", posixpath.basename(folder) or "chart", "argocd")
        chart = ChartSource("path", folder)
        why = f"an Application of the chart {folder}, rendered with the chart's own values"
        words = "a chart's template declares Applications, with values that are not known here"
        remedy = "list the chart and its values under releases: in .policylint.yaml"
        told = replace(problem, message=words, remedy=remedy)
        self.problems += [told] if self._charts else []
        self._render(replace(own, chart=chart, unresolved=(why,)), problem)

    def _render(self, release: Declared, problem: Problem) -> None:
        key = (release.chart.name, *release.key)
        if key in self._seen:
            return
        self._seen.add(key)
        if self._charts is None:
            self.problems.append(problem)
            return
        try:
            items = _manifest_items(self._charts.manifest(self._context.tree, release), release)
        except RenderError as error:
            words = f"{problem.message.partition(',')[0]}, and does not render: {error}"
            self.problems.append(replace(problem, message=words))
            return
        for item in items:
            self.add(item, release)


def _child(release: Declared, parent: Declared) -> Declared:
    """A release that the chart of another declares: in the same cluster and environment where it
    names no other, and no better known."""
    return replace(
        release,
        cluster=release.cluster or parent.cluster,
        environment=release.environment or parent.environment,
        unresolved=(*release.unresolved, *parent.unresolved),
    )


def _applications(context: Context, item: Item) -> Iterator[Item]:
    if item.kind == "Application":
        yield item
    else:
        yield from _generated(context, item)


def _manifest_items(text: str, release: Declared) -> list[Item]:
    """The Applications of a rendered chart, each under the template that it comes from."""
    documents = parsed(text, release.chart.name)
    if documents.error:
        raise RenderError(documents.error)
    return [
        replace(item, file=_source(item, release), line=1, text="")
        for item in documents.items
        if _is_known(item)
    ]


def _source(item: Item, release: Declared) -> str:
    """`# Source: NAME/templates/FILE` of helm as a file of the repository."""
    comment = _SOURCE.search(item.text)
    if comment:
        return posixpath.join(release.chart.name, comment[1])
    return release.chart.name


def _is_known(item: Item) -> bool:
    is_application = item.kind in ("Application", "ApplicationSet")
    return is_application and item.group == GROUP and isinstance(item.body.get("spec"), dict)


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
    if literal == path:
        folder = path
    else:
        folder = posixpath.dirname(literal)
    return normal(folder or ".")


def _declaring(tree: Tree) -> Iterator[Problem]:
    """Charts whose templates declare Applications: which, their values decide."""
    for name in tree.names:
        if "/templates/" in f"/{name}":
            text = tree.text(name)
        else:
            text = None
        if text is None or f"{GROUP}/" not in text or not _is_template(tree, name):
            continue
        match = _APPLICATION.search(text)
        if match:
            line = text.count("\n", 0, match.start()) + 1
            words = "a chart's template declares Applications, which are not resolved"
            remedy = "render it, and check its files: policylint check after.yaml --before ..."
            folder = f"/{name}".rpartition("/templates/")[0].lstrip("/") or "."
            yield Problem(name, line, words, remedy, (folder, "."))


def _objects(tree: Tree) -> Iterator[Item]:
    """The Applications and ApplicationSets of files that are no templates."""
    for name in tree.yaml_files():
        text = tree.text(name)
        if text is None or f"{GROUP}/" not in text or _is_template(tree, name):
            continue
        for item in tree.documents(name).items:
            if _is_known(item):
                yield item


def _is_template(tree: Tree, name: str) -> bool:
    head, below, _ = f"/{name}".rpartition("/templates/")
    return bool(below) and tree.is_file(posixpath.join(head.lstrip("/"), "Chart.yaml"))


def _generated(context: Context, item: Item) -> Iterator[Item]:
    """The Applications of one ApplicationSet."""
    go_template = value(item.body, "spec", "goTemplate") is True
    is_strict = "missingkey=error" in sequence(item.body, "spec", "goTemplateOptions")
    patch = string(item.body, "spec", "templatePatch")
    template = mapping(item.body, "spec", "template")
    for generator in sequence(item.body, "spec", "generators"):
        if not isinstance(generator, dict):
            continue
        own = mapping(generator, "template")
        for row in parameter_sets(context, generator, go_template):
            parameters = Strict(row) if is_strict else row
            body = filled(laid_over(template, own), parameters, go_template)
            if isinstance(body, dict):
                if patch:
                    body = _patched(body, str(filled(patch, parameters, go_template)))
                yield _application(item, body)


def _application(owner: Item, body: dict[str, Json]) -> Item:
    """An Application that an ApplicationSet makes: deleting it deletes its resources, unless the
    set says otherwise (applicationset/utils/utils.go, RenderTemplateParams)."""
    metadata = dict(mapping(body, "metadata"))
    policy = mapping(owner.body, "spec", "syncPolicy")
    stays = policy.get("applicationsSync") in ("create-only", "create-update")
    if stays:
        metadata["finalizers"] = []
    elif not metadata.get("finalizers") and policy.get("preserveResourcesOnDeletion") is not True:
        metadata["finalizers"] = [FINALIZER]
    whole = {**body, "kind": "Application", "metadata": metadata}
    if policy.get("applicationsSync") in ("create-only", "create-delete"):
        whole["untouched"] = owner.name
    return replace(owner, body=whole, text="")


def _patched(body: dict[str, Json], patch: str) -> dict[str, Json]:
    """The Application with a `templatePatch` over it: null takes a key away, lists are replaced
    (applicationset/controllers/template/patch.go)."""
    try:
        over = load(patch, "templatePatch")
    except ReadError as error:
        raise TemplateError(f"a templatePatch that cannot be read: {error.message}") from None
    if not isinstance(over, dict) or "$patch" in patch:
        raise TemplateError("a templatePatch that is not understood")
    return without_null(laid_over(body, over))
