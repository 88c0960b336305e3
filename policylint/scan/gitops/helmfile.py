"""helmfile: what is literal in a helmfile.yaml; what its templates decide is not known here.

The user's helmfile is not run: its templates may execute programs. Source: helmfile's documentation
(configuration, environments): values files in order, then `set`; `installed: false` uninstalls.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from msgspec import Struct

from policylint.model import Json
from policylint.scan.gitops.model import ChartSource, Declarations, Declared, Layer, Problem
from policylint.scan.gitops.tree import Item, Tree, mapping, normal, sequence, string, value

_NAMES = ("helmfile.yaml", "helmfile.yml")
_TEMPLATES = ("helmfile.yaml.gotmpl", "helmfile.yml.gotmpl")
_WHOLE = ("bases", "helmfiles", "environments", "templates")
"""Keys by which other files or environments decide."""


class _Values(Struct, frozen=True):
    layers: tuple[Layer, ...] = ()
    unresolved: tuple[str, ...] = ()


def resolve(tree: Tree) -> Declarations:
    """The releases of every helmfile of a tree."""
    releases: list[Declared] = []
    problems: list[Problem] = []
    for name in tree.yaml_files():
        if not _is_helmfile(name):
            continue
        text = tree.text(name) or ""
        documents = tree.documents(name)
        if "{{" in text or documents.error:
            problems.append(_templated(name))
            continue
        for item in documents.items:
            releases += _releases(tree, item)
            problems += _beyond(item)
    problems += [_templated(name) for name in tree.names if name.endswith(_TEMPLATES)]
    return Declarations(tuple(releases), tuple(problems))


def _is_helmfile(name: str) -> bool:
    folder, _, base = name.rpartition("/")
    return base in _NAMES or posixpath.basename(folder) == "helmfile.d"


def _templated(name: str) -> Problem:
    folder = posixpath.dirname(name) or "."
    return Problem(
        name,
        1,
        "its releases are decided by templates, which helmfile alone understands",
        "render them: helmfile template > after.yaml, and check the files",
        (folder,),
    )


def _beyond(item: Item) -> Iterator[Problem]:
    named = [key for key in _WHOLE if item.body.get(key)]
    if named:
        words = f"{', '.join(named)} may change its releases, and are not resolved"
        yield Problem(item.file, item.line, words, "", (posixpath.dirname(item.file) or ".",))


def _releases(tree: Tree, item: Item) -> Iterator[Declared]:
    repositories = {
        string(entry, "name"): entry
        for entry in sequence(item.body, "repositories")
        if isinstance(entry, dict)
    }
    for entry in sequence(item.body, "releases"):
        if isinstance(entry, dict):
            yield _release(tree, item, entry, repositories)


def _release(
    tree: Tree, item: Item, entry: dict[str, Json], repositories: Mapping[str, dict[str, Json]]
) -> Declared:
    folder = posixpath.dirname(item.file)
    values = _values(tree, folder, entry)
    defaults = mapping(item.body, "helmDefaults")
    unresolved = list(values.unresolved)
    unresolved += [
        f"its {key}"
        for key in (
            "inherit",
            "secrets",
            "strategicMergePatches",
            "jsonPatches",
            "transformers",
            "postRenderer",
        )
        if entry.get(key)
    ]
    return Declared(
        tool="helmfile",
        name=string(entry, "name"),
        namespace=string(entry, "namespace") or "default",
        file=item.file,
        line=_line(item, entry),
        cluster=string(entry, "kubeContext") or string(defaults, "kubeContext"),
        chart=_chart(tree, folder, entry, repositories),
        layers=values.layers,
        sets=tuple(_sets(entry)),
        settings={
            "prune": False,
            "upgrade.force": value(entry, "force") is True,
            "upgrade.takeOwnership": _takes_over(entry, defaults),
        }
        | ({"absent": True} if value(entry, "installed") is False else {}),
        unresolved=tuple(unresolved),
    )


def _takes_over(entry: dict[str, Json], defaults: Mapping[str, Json]) -> bool:
    """`takeOwnership` of the release, else of helmDefaults: helm's --take-ownership."""
    own = value(entry, "takeOwnership")
    return (value(defaults, "takeOwnership") if own is None else own) is True


def _line(item: Item, entry: dict[str, Json]) -> int:
    """The line of a release's name in the file."""
    wanted = f"name: {string(entry, 'name')}"
    for number, line in enumerate(item.text.splitlines()):
        if line.strip().removeprefix("- ").strip() == wanted:
            return max(1, item.line + number)
    return item.line


def _chart(
    tree: Tree,
    folder: str,
    entry: dict[str, Json],
    repositories: Mapping[str, dict[str, Json]],
) -> ChartSource:
    chart, version = string(entry, "chart"), str(entry.get("version") or "")
    local = normal(posixpath.join(folder, chart))
    if tree.is_file(f"{local}/Chart.yaml"):
        return ChartSource("path", local)
    if chart.startswith("oci://"):
        return ChartSource("oci", chart.rpartition("/")[2], chart, version)
    name, slash, rest = chart.partition("/")
    repository = repositories.get(name)
    if not slash or repository is None:
        return ChartSource("unknown", chart, "", version)
    url = string(repository, "url").rstrip("/")
    if value(repository, "oci") is True:
        host = url.removeprefix("oci://")
        return ChartSource("oci", rest, f"oci://{host}/{rest}", version)
    return ChartSource("repository", rest, url, version)


def _values(tree: Tree, folder: str, entry: dict[str, Json]) -> _Values:
    layers: list[Layer] = []
    unresolved: list[str] = []
    for source in sequence(entry, "values"):
        if isinstance(source, dict):
            layers.append(Layer("values", source, label=f"values of {string(entry, 'name')}"))
            continue
        path = normal(posixpath.join(folder, str(source)))
        if path.endswith(".gotmpl"):
            unresolved.append(f"the values file {path} is a template")
        elif tree.is_file(path):
            layers.append(Layer("file", path=path, file=path))
        else:
            unresolved.append(f"the values file {path} is not there")
    return _Values(tuple(layers), tuple(unresolved))


def _sets(entry: dict[str, Json]) -> Iterator[tuple[str, str]]:
    for field, flag in (("set", "set"), ("setString", "set-string")):
        for row in sequence(entry, field):
            given = value(row, "value")
            text = str(given).lower() if isinstance(given, bool) else str(given)
            escaped = text.replace(",", "\\,")
            yield flag, f"{string(row, 'name')}={escaped}"
