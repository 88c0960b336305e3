"""helmfile: what a file comes to in each of its environments, bases and templates merged.

Source: helmfile v0.167.1, pkg/state/create.go (parts and bases in order, later over earlier, lists
appended), state_exec_tmpl.go (inherit), and its documentation (environments).
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from policylint.kyaml.merge import laid_over
from policylint.model import Json
from policylint.scan.gitops.gotemplates.values import Withheld
from policylint.scan.gitops.helmfile.texts import UNSEEN, documents_of, doubted, is_templated
from policylint.scan.gitops.model import Problem
from policylint.scan.gitops.tree import Documents, Item, Tree, mapping, normal, sequence, string

DEFAULT = "default"
"""The environment that is there without being declared."""
_MOST_BASES = 50


Commanded = Callable[[str], tuple[Mapping[str, Json], str]]
"""An environment -> the state values that commands set in it, and why they are not known."""


class State(Struct, frozen=True):
    """One helmfile in one environment; `environment` is "" for the default one."""

    body: dict[str, Json]
    file: str
    environment: str = ""
    values: Mapping[str, Json] = {}
    """The environment's values."""
    unknown: str = ""
    """Why the environment's values are not wholly known."""
    depends: tuple[str, ...] = ()
    """The files that decide the environment's values and are not read here."""
    items: tuple[Item, ...] = ()
    """The documents of the file, with what is known of the environment; none where it was not read
    here."""

    @property
    def parameters(self) -> dict[str, Any]:
        """What its templates are handed, as far as it is known."""
        values = Withheld(self.unknown) if self.unknown else dict(self.values)
        environment = {"Name": self.environment or DEFAULT, "Values": values}
        return {"Environment": environment, "Values": values, "StateValues": values}

    @property
    def folder(self) -> str:
        """What paths are relative to."""
        return posixpath.dirname(self.file)


class States(Struct, frozen=True):
    """The environments of one helmfile, or what stands in the way of reading it."""

    states: tuple[State, ...] = ()
    problems: tuple[Problem, ...] = ()


class _TemplatedError(Exception):
    """A file that only helmfile understands."""


def states(
    tree: Tree,
    file: str,
    handed: Sequence[Mapping[str, Json]] = (),
    commanded: Commanded = lambda _environment: ({}, ""),
) -> States:
    """A helmfile as it stands in each environment that it, or a base of it, declares; `handed` are
    values that the helmfiles which name it hand down, `commanded` those of commands."""
    try:
        body = _merged(tree, file, 0, {})
        declared = mapping(body, "environments") or {DEFAULT: {}}
        made = [_state(tree, file, body, name, handed, commanded(name)) for name in declared]
        return States(tuple(_filled(tree, state, handed, commanded) for state in made))
    except _TemplatedError as error:
        return States(problems=(templated(file, str(error)),))


def _filled(
    tree: Tree, state: State, handed: Sequence[Mapping[str, Json]], commanded: Commanded
) -> State:
    """The state once more, with what is known of its environment put into its templates."""
    name = state.environment or DEFAULT
    body = _merged(tree, state.file, 0, state.parameters)
    made = _state(tree, state.file, body, name, handed, commanded(name))
    return replace(made, items=documents_of(tree, state.file, state.parameters)[0].items)


def templated(file: str, where: str = "") -> Problem:
    """What is said of a helmfile whose templates decide."""
    folder = posixpath.dirname(file) or "."
    by = f" of {where}" if where and where != file else ""
    return Problem(
        file,
        1,
        f"its releases are decided by templates{by}, which helmfile alone understands",
        "let your helmfile build it: --helmfile (SECURITY.md says what that runs)",
        (folder,),
    )


def _merged(tree: Tree, file: str, depth: int, parameters: Mapping[str, Any]) -> dict[str, Json]:
    """The parts of a file, each after its bases, as far as they are literal."""
    documents, written = documents_of(tree, file, parameters)
    if tree.text(file) is None or documents.error or depth > _MOST_BASES:
        raise _TemplatedError(file)
    result: dict[str, Json] = {}
    for item in documents.items:
        for base in sequence(item.body, "bases"):
            path = normal(posixpath.join(posixpath.dirname(file), str(base)))
            result = laid_over(result, _merged(tree, path, depth + 1, parameters), appends=True)
        result = laid_over(result, doubted(item, written.doubts), appends=True)
    return result


def _state(
    tree: Tree,
    file: str,
    body: dict[str, Json],
    name: str,
    handed: Sequence[Mapping[str, Json]],
    commanded: tuple[Mapping[str, Json], str],
) -> State:
    environment = mapping(body, "environments", name)
    values: dict[str, Json] = {}
    secrets = sequence(environment, "secrets")
    depends = [normal(posixpath.join(posixpath.dirname(file), str(entry))) for entry in secrets]
    unknown = "secrets of the environment" if secrets else ""
    sources = (*sequence(body, "values"), *sequence(environment, "values"), *handed)
    for source in sources:
        read, why = _source(tree, file, source)
        if why and isinstance(source, str):
            depends.append(normal(posixpath.join(posixpath.dirname(file), source)))
        unknown = why or unknown
        for layer in read:
            values = _over(values, layer)
    own, why = commanded
    values, unknown = _over(values, own), why or unknown
    shown = "" if name == DEFAULT else name
    whole = {**body, "environment": environment}
    return State(whole, file, shown, values, unknown, tuple(depends))


def _source(tree: Tree, file: str, source: Json) -> tuple[list[Mapping[str, Json]], str]:
    """What one source of an environment's values holds, and why it is not known."""
    if isinstance(source, Mapping):
        return [source], "what templates make of the environment" if UNSEEN in str(source) else ""
    documents, why = _values_file(tree, file, str(source))
    return [item.body for item in documents.items], why


def _values_file(tree: Tree, file: str, source: str) -> tuple[Documents, str]:
    """An environment's values file, and why it is not known."""
    path = normal(posixpath.join(posixpath.dirname(file), source))
    if is_outside(file, source):
        documents = Documents()
    else:
        documents = tree.documents(path)
    is_known = tree.is_file(path) and not is_templated(tree.text(path) or "")
    if documents.error or not is_known or is_outside(file, source):
        return Documents(), f"the environment's values file {source}"
    return documents, ""


def is_outside(file: str, path: str) -> bool:
    """Whether a path that a file names leads out of the repository, or into no known place."""
    within = posixpath.normpath(posixpath.join(posixpath.dirname(file), path))
    return path.startswith(("/", "~")) or within.split("/")[0] == ".." or UNSEEN in path


def _over(below: dict[str, Json], above: Mapping[str, Json]) -> dict[str, Json]:
    """Values merged: maps merge, everything else replaces."""
    result = dict(below)
    for key, entry in above.items():
        present = result.get(key)
        is_map = isinstance(present, dict) and isinstance(entry, dict)
        result[key] = _over(present, entry) if is_map else entry  # type: ignore[arg-type]
    return result


def releases_of(state: State) -> Iterator[dict[str, Json]]:
    """The releases of a state, with what they inherit."""
    templates = mapping(state.body, "templates")
    for entry in sequence(state.body, "releases"):
        if isinstance(entry, dict):
            yield _inherited(entry, templates, 0)


def _inherited(
    entry: dict[str, Json], templates: Mapping[str, Json], depth: int
) -> dict[str, Json]:
    """A release over the templates that it names; one that is not there stays named."""
    below: dict[str, Json] = {}
    for source in sequence(entry, "inherit"):
        template = templates.get(string(source, "template"))
        if not isinstance(template, dict) or depth > _MOST_BASES:
            return entry
        whole = _inherited(template, templates, depth + 1)
        excepted = sequence(source, "except")
        kept = {key: field for key, field in whole.items() if key not in excepted}
        below = laid_over(below, kept, appends=True)
    own = {key: field for key, field in entry.items() if key != "inherit"}
    return laid_over(below, own, appends=True)


def line_of(item: Item, name: str) -> int:
    """The line of a release's name in its file."""
    for number, line in enumerate(item.text.splitlines()):
        if line.strip().removeprefix("- ").strip() in (f"name: {name}", f'name: "{name}"'):
            return max(1, item.line + number)
    return item.line
