"""helmfile: what a file comes to in each of its environments, bases and templates merged.

Source: helmfile v0.167.1, pkg/state/create.go (parts and bases in order, later over earlier, lists
appended), state_exec_tmpl.go (inherit), and its documentation (environments).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from msgspec import Struct

from policylint.model import Json
from policylint.scan.gitops.model import Problem
from policylint.scan.gitops.tree import Item, Tree, mapping, normal, sequence, string

DEFAULT = "default"
"""The environment that is there without being declared."""
_MOST_BASES = 50


class State(Struct, frozen=True):
    """One helmfile in one environment; `environment` is "" for the default one."""

    body: dict[str, Json]
    file: str
    environment: str = ""
    values: Mapping[str, Json] = {}
    """The environment's values."""
    unknown: str = ""
    """Why the environment's values are not wholly known."""

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


def states(tree: Tree, file: str) -> States:
    """A helmfile as it stands in each environment that it, or a base of it, declares."""
    try:
        body = _merged(tree, file, 0)
    except _TemplatedError as error:
        return States(problems=(templated(file, str(error)),))
    declared = mapping(body, "environments") or {DEFAULT: {}}
    return States(tuple(_state(tree, file, body, name) for name in declared))


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


def _merged(tree: Tree, file: str, depth: int) -> dict[str, Json]:
    """The parts of a file, each after its bases."""
    text = tree.text(file)
    documents = tree.documents(file)
    is_template = text is None or "{{" in text or file.endswith(".gotmpl")
    if is_template or documents.error or depth > _MOST_BASES:
        raise _TemplatedError(file)
    result: dict[str, Json] = {}
    for item in documents.items:
        for base in sequence(item.body, "bases"):
            path = normal(posixpath.join(posixpath.dirname(file), str(base)))
            result = joined(result, _merged(tree, path, depth + 1))
        result = joined(result, item.body)
    return result


def joined(below: dict[str, Json], above: Mapping[str, Json]) -> dict[str, Json]:
    """Maps merged, lists appended, anything else replaced."""
    result = dict(below)
    for key, entry in above.items():
        present = result.get(key)
        if isinstance(present, dict) and isinstance(entry, dict):
            result[key] = joined(present, entry)
        elif isinstance(present, list) and isinstance(entry, list):
            result[key] = [*present, *entry]
        else:
            result[key] = entry
    return result


def _state(tree: Tree, file: str, body: dict[str, Json], name: str) -> State:
    environment = mapping(body, "environments", name)
    values: dict[str, Json] = {}
    unknown = "secrets of the environment" if environment.get("secrets") else ""
    for source in sequence(environment, "values"):
        if isinstance(source, dict):
            values = _over(values, source)
            continue
        path = normal(posixpath.join(posixpath.dirname(file), str(source)))
        documents = tree.documents(path)
        if path.endswith(".gotmpl") or documents.error or not tree.is_file(path):
            unknown = f"the environment's values file {path}"
        for item in documents.items:
            values = _over(values, item.body)
    shown = "" if name == DEFAULT else name
    return State({**body, "environment": environment}, file, shown, values, unknown)


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
        below = joined(below, kept)
    own = {key: field for key, field in entry.items() if key != "inherit"}
    return joined(below, own)


def line_of(item: Item, name: str) -> int:
    """The line of a release's name in its file."""
    for number, line in enumerate(item.text.splitlines()):
        if line.strip().removeprefix("- ").strip() in (f"name: {name}", f'name: "{name}"'):
            return max(1, item.line + number)
    return item.line
