"""helmfile: the releases of every helmfile, in each environment.

What is literal is read here, and so is what templates make of what is known; what else they decide
is built by the user's own helmfile, where that is asked for, and is not known otherwise. Source:
helmfile's documentation (configuration, environments): values files in order, then `set`;
`installed: false` uninstalls; a `condition` that is off leaves the release alone.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from msgspec import Struct
from msgspec.structs import replace

from policylint.model import Json
from policylint.scan.gitops.globs import expanded
from policylint.scan.gitops.helmfile.binary import HelmfileError, Helmfiles
from policylint.scan.gitops.helmfile.commands import Run, runs_of, state_values
from policylint.scan.gitops.helmfile.releases import (
    Caller,
    caller_of,
    chooses,
    doubts_of,
    filled_release,
    labels_of,
    parameters_of,
    takes,
)
from policylint.scan.gitops.helmfile.states import (
    State,
    States,
    is_outside,
    line_of,
    releases_of,
    states,
    templated,
)
from policylint.scan.gitops.helmfile.texts import UNSEEN, documents_of, is_templated, literal
from policylint.scan.gitops.model import ChartSource, Declarations, Declared, Layer, Problem
from policylint.scan.gitops.tree import Tree, mapping, normal, parsed, sequence, string, value

_NAMES = ("helmfile.yaml", "helmfile.yml", "helmfile.yaml.gotmpl", "helmfile.yml.gotmpl")
_YAML = (".yaml", ".yml", ".yaml.gotmpl", ".yml.gotmpl")
_BEYOND = (
    "inherit",
    "secrets",
    "forceNamespace",
    "forceGoTemplate",
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


_HANDED = ("postRenderer", "args", "syncArgs")
"""Keys of helmDefaults that change what Helm is given."""


class _Values(Struct, frozen=True):
    layers: tuple[Layer, ...] = ()
    unresolved: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    depends: tuple[str, ...] = ()


def resolve(tree: Tree, helmfiles: Helmfiles | None = None) -> Declarations:
    """The releases of every helmfile of a tree; `helmfiles` builds them as helmfile does."""
    releases: list[Declared] = []
    problems: list[Problem] = []
    names = list(_helmfiles(tree))
    roots = _roots(tree, names) if helmfiles else names
    callers = _callers(tree, names)
    runs = runs_of(tree) if names else ()
    for name in roots:
        own = callers.get(name, ())
        rolled_out = _reaching(runs, _from(callers, name))
        if helmfiles:
            files = _built(tree, name, helmfiles)
        else:
            files = _literal(tree, name, own, rolled_out)
        problems += files.problems
        for state in files.states:
            releases += _releases(tree, state, () if helmfiles else own, rolled_out)
    return _named_ones(releases, problems)


def _named_ones(releases: list[Declared], problems: list[Problem]) -> Declarations:
    """The releases whose names are known, and a problem for each file that has others."""
    nameless = {release.file for release in releases if _is_nameless(release)}
    told = {problem.file for problem in problems}
    more = [templated(file) for file in sorted(nameless - told)]
    named = tuple(release for release in releases if not _is_nameless(release))
    return Declarations(named, (*problems, *more))


def _is_nameless(release: Declared) -> bool:
    """Whether templates decide the name of a release, and so perhaps how many there are."""
    return UNSEEN in release.name


def _literal(tree: Tree, name: str, callers: Sequence[Caller], runs: Sequence[Run]) -> States:
    """A helmfile as it stands, with the values of the one that names it, and of commands."""
    handed = callers[0].values if len(callers) == 1 else ()
    return states(tree, name, handed, lambda environment: state_values(runs, environment))


def _from(callers: Mapping[str, Sequence[Caller]], name: str) -> set[str]:
    """The helmfile, and those that name it."""
    reached, waiting = {name}, [name]
    while waiting:
        above = {caller.file for caller in callers.get(waiting.pop(), ())} - reached
        reached |= above
        waiting += above
    return reached


def _reaching(runs: Sequence[Run], names: set[str]) -> list[Run]:
    """The commands that may take one of these helmfiles."""
    return [run for run in runs if any(map(run.names, names))]


def _as_run(
    release: Declared, state: State, entry: dict[str, Json], runs: Sequence[Run]
) -> Declared:
    """The release with what the commands that may roll it out decide of it."""
    near = [run for run in runs if run.is_for(state.environment)]
    labels = labels_of(state, entry)
    own = [run for run in near if takes(run.selectors, labels)]
    handed = dict.fromkeys(words for run in own for words in _handed_by(run, state))
    unresolved = tuple(f"what a command hands to it: {words}" for words in handed)
    settings = {**release.settings, "command": sorted({run.choice for run in near})}
    unresolved = (*release.unresolved, *unresolved)
    written = " ".join([release.written, *chain.from_iterable(run.state for run in near)])
    return replace(release, settings=settings, unresolved=unresolved, written=written)


def _handed_by(run: Run, state: State) -> tuple[str, ...]:
    """The flags of a command that are not put in; those on state values, where helmfile itself
    built the state."""
    is_built = not state.items
    more = run.state if is_built else ()
    return (*run.handed, *(f"--state-values-set {text}" for text in more))


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
    return [path for path, _ in _calls(tree, name)]


def _calls(tree: Tree, name: str) -> Iterator[tuple[str, Caller]]:
    """The helmfiles that one names, and what it hands down to each."""
    documents, _ = documents_of(tree, name, {})
    entries = [row for item in documents.items for row in sequence(item.body, "helmfiles")]
    for entry in entries:
        if isinstance(entry, str):
            path = entry
        else:
            path = string(entry, "path")
        if _is_here(name, path):
            within = normal(posixpath.join(posixpath.dirname(name), path))
            yield from ((file, caller_of(name, entry)) for file in expanded(tree, within))


def _is_here(name: str, path: str) -> bool:
    """Whether a helmfile that another one names is in the repository."""
    is_remote = "://" in path or "::" in path
    return bool(path) and not is_remote and not is_outside(name, path)


def _callers(tree: Tree, names: list[str]) -> dict[str, tuple[Caller, ...]]:
    """What each helmfile is handed down, by those that name it."""
    callers: dict[str, tuple[Caller, ...]] = {}
    for name in names:
        for file, caller in _calls(tree, name):
            callers[file] = (*callers.get(file, ()), caller)
    return callers


def _roots(tree: Tree, names: list[str]) -> list[str]:
    """Those that no other one names: helmfile builds the rest with them."""
    inner = {path for name in names for path in _named(tree, name)}
    return [name for name in names if name not in inner]


def _built(tree: Tree, name: str, helmfiles: Helmfiles) -> States:
    try:
        return States(tuple(helmfiles.states(tree, name)))
    except HelmfileError as error:
        literal = states(tree, name)
        is_plain = not name.endswith(".gotmpl") and not is_templated(tree.text(name) or "")
        if is_plain and not literal.problems:
            return literal
        words = f"helmfile could not build it: {error}"
        problem = Problem(name, 1, words, "", (posixpath.dirname(name) or ".",))
        return replace(literal, problems=(problem,))


def _releases(
    tree: Tree, state: State, callers: Sequence[Caller], runs: Sequence[Run]
) -> Iterator[Declared]:
    repositories = {
        string(entry, "name"): entry
        for entry in sequence(state.body, "repositories")
        if isinstance(entry, dict)
    }
    for written in releases_of(state):
        entry = filled_release(written, state)
        is_on, why = _condition(state, entry)
        is_chosen = not callers or any(chooses(caller, state, entry) for caller in callers)
        if is_on and is_chosen:
            release = _release(tree, state, entry, repositories, why)
            yield _as_run(release, state, entry, runs)


def _condition(state: State, entry: dict[str, Json]) -> tuple[bool, str]:
    """Whether a release's condition is on, and why that is not known."""
    condition = string(entry, "condition")
    if condition in ("", "true", "false"):
        return condition != "false", ""
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
    chart, no_chart = _chart(tree, state.folder, entry, repositories)
    unresolved = [*filter(None, (why, no_chart)), *values.unresolved, *_beyond(state, entry)]
    return Declared(
        tool="helmfile",
        name=string(entry, "name"),
        namespace=string(state.body, "namespace") or string(entry, "namespace") or "default",
        file=file,
        line=line,
        cluster=_cluster(state, entry),
        environment=state.environment,
        chart=chart,
        layers=values.layers,
        sets=tuple(_sets(state, entry)),
        flags=_flags(state, entry),
        settings=_settings(state, entry),
        kube_version=string(entry, "kubeVersion") or string(state.body, "kubeVersion"),
        api_versions=_api_versions(state, entry),
        unresolved=tuple(unresolved),
        written=str((entry, mapping(state.body, "helmDefaults"))),
        depends=(*state.depends, *values.depends, *_secrets(state, entry), *_folders(chart)),
        notes=(*values.notes, *_hooks(entry)),
    )


def _beyond(state: State, entry: dict[str, Json]) -> Iterator[str]:
    """What decides the release and is not read here."""
    yield from (f"its {key}" for key in _BEYOND if entry.get(key))
    yield from doubts_of(state, entry)
    for key in _HANDED:
        if value(state.body, "helmDefaults", key):
            yield f"helmDefaults.{key}, which helmfile hands to Helm"


def _secrets(state: State, entry: dict[str, Json]) -> Iterator[str]:
    """The encrypted values files of a release."""
    for source in sequence(entry, "secrets"):
        if isinstance(source, str):
            yield normal(posixpath.join(state.folder, source))


def _folders(chart: ChartSource) -> tuple[str, ...]:
    """The directory that helmfile makes a chart of."""
    return (chart.name,) if chart.kind == "unknown" and not chart.url else ()


def _hooks(entry: dict[str, Json]) -> Iterator[str]:
    for hook in sequence(entry, "hooks"):
        events = ", ".join(map(str, sequence(hook, "events")))
        yield f"its {events} hook runs {string(hook, 'command')}, which is not judged"


def _place(tree: Tree, state: State, entry: dict[str, Json]) -> tuple[str, int]:
    """(file, line) of a release: in the helmfile itself, else in the base that names it."""
    name = string(entry, "name")
    items = state.items or documents_of(tree, state.file, state.parameters)[0].items
    lines = [line_of(item, name) for item in items]
    first = min((item.line for item in items), default=1)
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


def _flags(state: State, entry: dict[str, Json]) -> tuple[str, ...]:
    """The checks that its upgrades leave out."""
    default = value(state.body, "helmDefaults", "skipSchemaValidation")
    skips = entry.get("skipSchemaValidation", default) is True
    if skips:
        return ("--skip-schema-validation",)
    return ()


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
        "hooks": sequence(entry, "hooks"),
        "labels": mapping(entry, "labels"),
    }
    return settings | ({"absent": True} if value(entry, "installed") is False else {})


def _chart(
    tree: Tree,
    folder: str,
    entry: dict[str, Json],
    repositories: Mapping[str, dict[str, Json]],
) -> tuple[ChartSource, str]:
    """The chart, and why it is not known."""
    chart, version = string(entry, "chart"), str(entry.get("version") or "")
    local = normal(posixpath.join(folder, chart))
    if tree.is_file(f"{local}/Chart.yaml"):
        return ChartSource("path", local), ""
    if chart.startswith("oci://"):
        return ChartSource("oci", chart.rpartition("/")[2], chart, version), ""
    if chart and tree.is_dir(local):
        return ChartSource("unknown", local), f"{local} is no chart: helmfile makes one of it"
    name, slash, rest = chart.partition("/")
    repository = repositories.get(name)
    if not slash or repository is None:
        return ChartSource("unknown", chart, "", version), ""
    return _of_repository(repository, rest, version), ""


def _of_repository(repository: dict[str, Json], chart: str, version: str) -> ChartSource:
    url = string(repository, "url").rstrip("/")
    if value(repository, "oci") is True:
        host = url.removeprefix("oci://")
        return ChartSource("oci", chart, f"oci://{host}/{chart}", version)
    return ChartSource("repository", chart, url, version)


def _values(tree: Tree, state: State, entry: dict[str, Json]) -> _Values:
    layers: list[Layer] = []
    unresolved: list[str] = []
    depends: list[str] = []
    name = string(entry, "name")
    for source in sequence(entry, "values"):
        if isinstance(source, dict):
            layers.append(Layer("values", source, label=f"values of {name}", file=state.file))
            continue
        read = _files(tree, state, entry, str(source))
        layers += read.layers
        unresolved += read.unresolved
        depends += read.depends
    is_vault = "ref+" in str([layer.values or tree.text(layer.path) for layer in layers])
    notes = ("values by ref+ stand for themselves: they are not looked up",) if is_vault else ()
    return _Values(tuple(layers), tuple(unresolved), notes, tuple(depends))


def _files(tree: Tree, state: State, entry: dict[str, Json], source: str) -> _Values:
    """The values files that an entry names, globs unfolded, and why they are not known."""
    written = string(entry, "valuesPathPrefix") + source
    if "://" in written or "::" in written or is_outside(state.file, written):
        return _Values(unresolved=(f"the values of {written} are not in the repository",))
    path = normal(posixpath.join(state.folder, written))
    if path.endswith(".gotmpl") and is_templated(tree.text(path) or ""):
        return _filled_file(tree, state, entry, path)
    files = expanded(tree, path)
    if not files and not _may_be_missing(state, entry):
        return _Values(unresolved=(f"the values file {path} is not there",))
    return _Values(tuple(Layer("file", path=file, file=file) for file in files))


def _may_be_missing(state: State, entry: dict[str, Json]) -> bool:
    """Whether values files that are not there are left out."""
    handler = string(entry, "missingFileHandler") or string(state.body, "missingFileHandler")
    return handler in ("Warn", "Info", "Debug")


def _filled_file(tree: Tree, state: State, entry: dict[str, Json], path: str) -> _Values:
    """A values file that is a template, where all that it prints is known."""
    why = f"the values file {path} is a template"
    made = literal(tree.text(path) or "", parameters_of(state, entry))
    documents = parsed(made.text, path)
    if made.doubts or UNSEEN in made.text or documents.error:
        return _Values(unresolved=(why,), depends=(path,))
    bodies = (item.body for item in documents.items)
    return _Values(tuple(Layer("values", body, file=path, label=path) for body in bodies))


def _sets(state: State, entry: dict[str, Json]) -> Iterator[tuple[str, str]]:
    """`set` and `setString`: a value, a list of values, or the content of a file."""
    for field, flag in (("set", "set"), ("setString", "set-string")):
        for row in sequence(entry, field):
            name, file = string(row, "name"), string(row, "file")
            values = sequence(row, "values")
            if file:
                yield "set-file", f"{name}={normal(posixpath.join(state.folder, file))}"
            elif values:
                yield flag, f"{name}={{{','.join(map(_written, values))}}}"
            else:
                yield flag, f"{name}={_written(value(row, 'value'))}"


def _written(setting: Json) -> str:
    """A value as helmfile writes it for --set: commas are part of it."""
    if isinstance(setting, bool):
        text = str(setting).lower()
    else:
        text = str(setting)
    return text.replace(",", "\\,")
