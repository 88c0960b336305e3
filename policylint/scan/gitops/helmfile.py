"""helmfile: the releases of every helmfile, in each environment.

What is literal is read here; what templates decide is built by the user's own helmfile, where that
is asked for, and is not known otherwise. Source: helmfile's documentation (configuration,
environments): values files in order, then `set`; `installed: false` uninstalls; a `condition` that
is off leaves the release alone.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from msgspec import Struct

from policylint.model import Json
from policylint.scan.gitops.globs import expanded
from policylint.scan.gitops.helmfilebinary import HelmfileError, Helmfiles
from policylint.scan.gitops.helmfilestates import State, States, line_of, releases_of, states
from policylint.scan.gitops.model import ChartSource, Declarations, Declared, Layer, Problem
from policylint.scan.gitops.tree import Tree, mapping, normal, sequence, string, value

_NAMES = ("helmfile.yaml", "helmfile.yml", "helmfile.yaml.gotmpl", "helmfile.yml.gotmpl")
_YAML = (".yaml", ".yml", ".yaml.gotmpl", ".yml.gotmpl")
_BEYOND = (
    "inherit",
    "secrets",
    "strategicMergePatches",
    "jsonPatches",
    "transformers",
    "postRenderer",
    "dependencies",
    "installedTemplate",
    "valuesTemplate",
    "setTemplate",
)
"""Keys of a release that decide more than is read here."""


class _Values(Struct, frozen=True):
    layers: tuple[Layer, ...] = ()
    unresolved: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def resolve(tree: Tree, helmfiles: Helmfiles | None = None) -> Declarations:
    """The releases of every helmfile of a tree; `helmfiles` builds them as helmfile does."""
    releases: list[Declared] = []
    problems: list[Problem] = []
    names = list(_helmfiles(tree))
    roots = _roots(tree, names) if helmfiles else names
    for name in roots:
        files = _built(tree, name, helmfiles) if helmfiles else states(tree, name)
        problems += files.problems
        for state in files.states:
            releases += _releases(tree, state)
    return Declarations(tuple(releases), tuple(problems))


def _helmfiles(tree: Tree) -> Iterator[str]:
    """The helmfiles by their names, and those that they name."""
    waiting = [name for name in tree.names if _is_helmfile(name)]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop(0)
        if name not in seen:
            seen.add(name)
            yield name
            waiting += _named(tree, name)


def _is_helmfile(name: str) -> bool:
    folder, _, base = name.rpartition("/")
    within = posixpath.basename(folder) == "helmfile.d" and base.endswith(_YAML)
    return base in _NAMES or within


def _named(tree: Tree, name: str) -> list[str]:
    """The helmfiles that one names."""
    paths: list[str] = []
    for item in tree.documents(name).items:
        for entry in sequence(item.body, "helmfiles"):
            path = entry if isinstance(entry, str) else string(entry, "path")
            if path and "://" not in path and "::" not in path:
                paths += expanded(tree, normal(posixpath.join(posixpath.dirname(name), path)))
    return paths


def _roots(tree: Tree, names: list[str]) -> list[str]:
    """Those that no other one names: helmfile builds the rest with them."""
    inner = {path for name in names for path in _named(tree, name)}
    return [name for name in names if name not in inner]


def _built(tree: Tree, name: str, helmfiles: Helmfiles) -> States:
    try:
        return States(tuple(helmfiles.states(tree, name)))
    except HelmfileError as error:
        literal = states(tree, name)
        if not literal.problems:
            return literal
        words = f"helmfile could not build it: {error}"
        return States(problems=(Problem(name, 1, words, "", (posixpath.dirname(name) or ".",)),))


def _releases(tree: Tree, state: State) -> Iterator[Declared]:
    repositories = {
        string(entry, "name"): entry
        for entry in sequence(state.body, "repositories")
        if isinstance(entry, dict)
    }
    for entry in releases_of(state):
        is_on, why = _condition(state, entry)
        if is_on:
            yield _release(tree, state, entry, repositories, why)


def _condition(state: State, entry: dict[str, Json]) -> tuple[bool, str]:
    """Whether a release's condition is on, and why that is not known."""
    condition = string(entry, "condition")
    if not condition:
        return True, ""
    if state.unknown:
        return True, f"its condition {condition}: {state.unknown} is not known"
    return value(dict(state.values), *condition.split(".")) is True, ""


def _release(
    tree: Tree,
    state: State,
    entry: dict[str, Json],
    repositories: Mapping[str, dict[str, Json]],
    why: str,
) -> Declared:
    values = _values(tree, state, entry)
    file, line = _place(tree, state, entry)
    unresolved = [why] if why else []
    unresolved += [*values.unresolved, *(f"its {key}" for key in _BEYOND if entry.get(key))]
    return Declared(
        tool="helmfile",
        name=string(entry, "name"),
        namespace=string(state.body, "namespace") or string(entry, "namespace") or "default",
        file=file,
        line=line,
        cluster=_cluster(state, entry),
        environment=state.environment,
        chart=_chart(tree, state.folder, entry, repositories),
        layers=values.layers,
        sets=tuple(_sets(entry)),
        settings=_settings(state, entry),
        kube_version=string(entry, "kubeVersion") or string(state.body, "kubeVersion"),
        api_versions=_api_versions(state, entry),
        unresolved=tuple(unresolved),
        notes=values.notes,
    )


def _place(tree: Tree, state: State, entry: dict[str, Json]) -> tuple[str, int]:
    """(file, line) of a release: in the helmfile itself, else in the base that names it."""
    name = string(entry, "name")
    lines = [line_of(item, name) for item in tree.documents(state.file).items]
    first = min((item.line for item in tree.documents(state.file).items), default=1)
    return state.file, next((line for line in lines if line != first), first)


def _cluster(state: State, entry: dict[str, Json]) -> str:
    return (
        string(entry, "kubeContext")
        or string(state.body, "environment", "kubeContext")
        or string(state.body, "helmDefaults", "kubeContext")
    )


def _api_versions(state: State, entry: dict[str, Json]) -> tuple[str, ...]:
    listed = sequence(entry, "apiVersions") or sequence(state.body, "apiVersions")
    return tuple(map(str, listed))


def _settings(state: State, entry: dict[str, Json]) -> dict[str, Json]:
    defaults = mapping(state.body, "helmDefaults")
    reuses = entry.get("reuseValues", defaults.get("reuseValues"))
    force = entry.get("force", defaults.get("force"))
    takes_over = entry.get("takeOwnership", defaults.get("takeOwnership"))
    settings: dict[str, Json] = {
        "prune": False,
        "upgrade.force": force is True,
        "upgrade.preserveValues": reuses is True,
        "upgrade.takeOwnership": takes_over is True,
        "needs": sequence(entry, "needs"),
        "labels": mapping(entry, "labels"),
    }
    return settings | ({"absent": True} if value(entry, "installed") is False else {})


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


def _values(tree: Tree, state: State, entry: dict[str, Json]) -> _Values:
    layers: list[Layer] = []
    unresolved: list[str] = []
    name = string(entry, "name")
    for source in sequence(entry, "values"):
        if isinstance(source, dict):
            layers.append(Layer("values", source, label=f"values of {name}", file=state.file))
            continue
        files, why = _files(tree, state, entry, str(source))
        layers += [Layer("file", path=path, file=path) for path in files]
        unresolved += [why] if why else []
    is_vault = "ref+" in str([layer.values or tree.text(layer.path) for layer in layers])
    notes = ("values by ref+ stand for themselves: they are not looked up",) if is_vault else ()
    return _Values(tuple(layers), tuple(unresolved), notes)


def _files(tree: Tree, state: State, entry: dict[str, Json], source: str) -> tuple[list[str], str]:
    """The values files that an entry names, globs unfolded, and why they are not known."""
    written = string(entry, "valuesPathPrefix") + source
    if "://" in written or "::" in written:
        return [], f"the values of {written} are not in the repository"
    path = normal(posixpath.join(state.folder, written))
    if path.endswith(".gotmpl"):
        return [], f"the values file {path} is a template"
    files = expanded(tree, path)
    handler = string(entry, "missingFileHandler") or string(state.body, "missingFileHandler")
    if files or handler in ("Warn", "Info", "Debug"):
        return files, ""
    return [], f"the values file {path} is not there"


def _sets(entry: dict[str, Json]) -> Iterator[tuple[str, str]]:
    for field, flag in (("set", "set"), ("setString", "set-string")):
        for row in sequence(entry, field):
            setting = value(row, "value")
            text = str(setting).lower() if isinstance(setting, bool) else str(setting)
            escaped = text.replace(",", "\\,")
            yield flag, f"{string(row, 'name')}={escaped}"
