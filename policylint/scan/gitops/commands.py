"""Commands and Ansible tasks that upgrade a release, where their arguments are known.

What a pipeline, a script or a play runs is read as `scan` reads it. Examples of documentation, test
fixtures, dry runs and jobs that make a cluster of their own declare nothing.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping

from policylint.errors import ReadError
from policylint.kyaml.load import load
from policylint.scan.gitops.model import ChartSource, Declarations, Declared, Layer, Problem
from policylint.scan.gitops.scripts import running
from policylint.scan.gitops.tree import Tree, normal
from policylint.scan.invocations.model import INLINE, Invocation
from policylint.scan.repository.walk import scan

_TOOLS = {"helm": "command", "ansible": "ansible"}
_ACTIONS = ("upgrade", "install")
_HELM = re.compile(r"\bhelm3?\b")
_VERB = re.compile(r"\b(?:upgrade|install)\b")
_ANY = re.compile("")
_MODULE = re.compile(r"\b(?:core|kubernetes|general)\.helm\b")
_UNKNOWN = "…"
"""What stands in a file's name for what a variable decides."""
_VARIABLES = frozenset({"group_vars", "host_vars", "vars", "defaults", "inventory"})
_KINDS = ("set-string", "set-json", "set-file", "set-literal")


def resolve(tree: Tree) -> Declarations:
    """The releases that commands and tasks of a tree upgrade, and commands whose release is not
    known."""
    names = {*running(tree, _HELM, _VERB), *running(tree, _MODULE, _ANY)}
    files = [tree.root / name for name in tree.names if name in names]
    if files:
        invocations = scan(files, tree.root).invocations
    else:
        invocations = ()
    repositories = dict(_repositories(invocations))
    releases: list[Declared] = []
    problems: list[Problem] = []
    for invocation in filter(_deploys, invocations):
        if _is_named(invocation):
            releases.append(_release(tree, invocation, repositories))
        else:
            problems.append(_problem(invocation))
    return Declarations(tuple(releases), tuple(problems))


def _is_named(invocation: Invocation) -> bool:
    has_chart = bool(invocation.chart) or _is_absent(invocation)
    return bool(invocation.release) and has_chart


def _problem(invocation: Invocation) -> Problem:
    words = "which release or chart this upgrades, variables decide"
    remedy = "name it: policylint check CHART -f values.yaml"
    return Problem(invocation.file, invocation.line, words, remedy)


def _is_absent(invocation: Invocation) -> bool:
    """Whether a task says that the release is not to be there."""
    return invocation.tool == "ansible" and invocation.action == "uninstall"


def _repositories(invocations: Iterable[Invocation]) -> Iterator[tuple[str, str]]:
    """(name, URL) of each `helm repo add`."""
    for invocation in invocations:
        words = invocation.positionals
        if invocation.action == "repo" and words[:1] == ("add",) and len(words) == 3:
            name, url = words[1], words[2]
            if name and url:
                yield name, url.rstrip("/")


def _deploys(invocation: Invocation) -> bool:
    """Whether it upgrades a release in a cluster that stays."""
    own_cluster = invocation.job is not None and invocation.job.own_cluster
    acts = invocation.action in _ACTIONS or _is_absent(invocation)
    is_known = invocation.tool in _TOOLS and acts
    return is_known and not own_cluster and not invocation.pretends


def _release(tree: Tree, invocation: Invocation, repositories: Mapping[str, str]) -> Declared:
    layers, unread = _layers(tree, invocation)
    sets, unset = _sets(invocation)
    chart, why = _chart(tree, invocation, repositories)
    unresolved = (*why, *unread, *unset, *_hidden(invocation))
    return Declared(
        tool=_TOOLS[invocation.tool],
        name=invocation.release or "",
        namespace=invocation.namespace or "default",
        file=invocation.file,
        line=invocation.line,
        environment=invocation.job.environment if invocation.job else "",
        chart=chart,
        layers=tuple(layers),
        sets=tuple(sets),
        settings={
            "prune": False,
            "upgrade.force": invocation.flag("force").state == "set",
            "upgrade.takeOwnership": invocation.flag("take-ownership").state == "set",
            "upgrade.preserveValues": invocation.flag("reuse-values").state == "set",
            "absent": _is_absent(invocation),
        },
        unresolved=unresolved,
        depends=tuple(_deciding(tree, invocation)) if unresolved else (),
        written=_written(invocation),
        invocations=(invocation,),
    )


def _written(invocation: Invocation) -> str:
    """The words of a command, wherever it stands; "" for a task."""
    command = invocation.command
    if command is None:
        return ""
    flags = [word.raw for flag in command.flags for word in flag.words]
    return " ".join([*(word.raw for word in command.positionals), *flags])


def _deciding(tree: Tree, invocation: Invocation) -> Iterator[str]:
    """The files that decide what is not known of a command: those that its words may name, and of
    a task the play itself and its variables."""
    patterns = [written.replace(_UNKNOWN, "*") for written in invocation.values_files]
    renderer = invocation.flag("post-renderer").value
    patterns += [renderer] if isinstance(renderer, str) else []
    for written in patterns:
        name = written.removeprefix("./")
        yield from (path for path in tree.names if fnmatch.fnmatchcase(path, f"*{name}"))
    if invocation.tool == "ansible":
        yield invocation.file
        yield from filter(_is_variables, tree.names)


def _is_variables(name: str) -> bool:
    """Whether a file holds variables of plays, by where Ansible looks for them."""
    folders, _, base = name.rpartition("/")
    return bool(_VARIABLES & set(folders.split("/"))) or "vars" in base


def _hidden(invocation: Invocation) -> Iterator[str]:
    """What of the command is not known here."""
    if invocation.dynamic:
        yield "arguments that are not seen here"
    for name in ("namespace", "version"):
        if invocation.flag(name).state != "unset" and invocation.flag(name).value is None:
            yield f"its {name}, which a variable decides"
    if invocation.flag("post-renderer").state == "set":
        yield "a post-renderer, which is not run"


def _chart(
    tree: Tree, invocation: Invocation, repositories: Mapping[str, str]
) -> tuple[ChartSource, list[str]]:
    chart, version = invocation.chart or "", invocation.version or ""
    local = _path(tree, invocation, f"{chart}/Chart.yaml")
    if local:
        return ChartSource("path", posixpath.dirname(local)), []
    if chart.startswith("oci://"):
        return ChartSource("oci", chart.rpartition("/")[2], chart, version), []
    name, slash, rest = chart.partition("/")
    repo = invocation.flag("repo").value
    if isinstance(repo, str):
        url = str(repo)
    else:
        url = repositories.get(name, "")
    if url:
        return ChartSource("repository", rest if slash else chart, url, version), []
    return ChartSource("unknown", chart, "", version), [f"where the chart {chart} comes from"]


def _path(tree: Tree, invocation: Invocation, written: str) -> str:
    """A file as the command names it: from the top of the repository, beside the script, or from a
    directory above it (where a play stands); "" where it is in none."""
    folder = posixpath.dirname(invocation.file)
    candidates = [normal(written), normal(posixpath.join(folder, written))]
    while folder:
        folder = posixpath.dirname(folder)
        candidates.append(normal(posixpath.join(folder, written)))
    return next((path for path in candidates if tree.is_file(path)), "")


def _layers(tree: Tree, invocation: Invocation) -> tuple[list[Layer], list[str]]:
    layers: list[Layer] = []
    unread: list[str] = []
    inline = list(invocation.inline)
    for written in invocation.values_files:
        path = _path(tree, invocation, written)
        if path:
            layers.append(Layer("file", path=path, file=path))
        elif written != INLINE:
            unread.append(f"the values file {written}")
    for values in inline:
        layer = _inline(invocation, values.text)
        layers += [layer] if layer else []
        unread += [] if layer else ["values that cannot be read"]
    if invocation.values_files.count(INLINE) > len(inline):
        unread.append("values that templates write")
    return layers, unread


def _inline(invocation: Invocation, text: str) -> Layer | None:
    try:
        values = load(text, invocation.file)
    except ReadError:
        return None
    if not isinstance(values, dict):
        return None
    label = f"values of {invocation.release} ({invocation.file}:{invocation.line})"
    return Layer("values", values, file=invocation.file, label=label)


def _sets(invocation: Invocation) -> tuple[list[tuple[str, str]], list[str]]:
    """The values that are set one by one, where the flag of each is known."""
    plain = {assignment.text for assignment in invocation.assigned}
    kinds = [kind for kind in _KINDS if invocation.flag(kind).state == "set"]
    sets: list[tuple[str, str]] = []
    unknown: list[str] = []
    for text in invocation.sets:
        if text in plain:
            sets.append(("set", text))
        elif len(kinds) == 1 and "=" in text and "$" not in text:
            sets.append((kinds[0], text))
        else:
            unknown.append(f"the value of {text.partition('=')[0]}")
    return sets, unknown
