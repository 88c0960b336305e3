"""Which of a repository's invocations deploy a given release, and what they say of the way it is
upgraded."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable
from typing import TypeVar

from msgspec import Struct

from policylint.scan.invocations.model import Flag, Invocation
from policylint.scan.invocations.settings import tables
from policylint.scan.repository.listing import settings

Fact = TypeVar("Fact")
_ACTIONS = ("install", "upgrade")
_DOCUMENTS = (".md", ".mdx", ".rst", ".adoc")
_MODES = ("reset-values", "reuse-values", "reset-then-reuse-values")
"""By Helm's own precedence: the first that is set counts (helm pkg/action/upgrade.go,
reuseValues)."""


class Deployment(Struct, frozen=True):
    """What deploys one release. A fact is None where nothing tells it or the invocations
    disagree."""

    invocations: tuple[Invocation, ...] = ()
    values_mode: str | None = None
    """reset, reuse, reset-then-reuse or default."""
    atomic: bool | None = None
    force: bool | None = None
    force_conflicts: bool | None = None
    take_ownership: bool | None = None
    version: str | None = None
    line: str | None = None
    """The Helm line that runs it, "3" or "4"."""


def deployment(
    invocations: Iterable[Invocation],
    name: str,
    namespace: str = "",
    chart: str = "",
    environment: str = "",
) -> Deployment:
    """How this release is deployed; `chart` is a path from the directory that the invocations'
    files are named from.

    Of several, those of a CI job of this environment count, and examples of documentation only
    where there is no other.
    """
    chosen = _narrowed(deploys(invocations, name, namespace, chart), environment)
    return Deployment(
        chosen,
        _agreed(chosen, values_mode),
        _agreed(chosen, lambda invocation: _switch(invocation.flag("atomic"))),
        _agreed(chosen, lambda invocation: _switch(invocation.flag("force"))),
        _agreed(chosen, lambda invocation: _switch(invocation.flag("force-conflicts"))),
        _agreed(chosen, lambda invocation: _switch(invocation.flag("take-ownership"))),
        _agreed(chosen, lambda invocation: invocation.version),
        _agreed(chosen, lambda invocation: invocation.helm_version[:1] or None),
    )


def deploys(
    invocations: Iterable[Invocation], name: str, namespace: str = "", chart: str = ""
) -> tuple[Invocation, ...]:
    """The installs and upgrades that name the release, else those of its chart whose release cannot
    be told."""
    named: list[Invocation] = []
    unnamed: list[Invocation] = []
    for invocation in invocations:
        if invocation.action in _ACTIONS and _agrees(invocation.namespace, namespace):
            if invocation.release == name and not invocation.pretends:
                named.append(invocation)
            elif invocation.release is None and not invocation.pretends:
                unnamed.append(invocation)
    return _of_chart(named, chart) or tuple(named) or _of_chart(unnamed, chart)


def commands_of(
    invocations: Iterable[Invocation], name: str, namespace: str, chart: str, environment: str
) -> tuple[Invocation, ...]:
    """The helm commands that install or upgrade a release, else those whose release cannot be
    told; where it has no name ("") those of its chart.

    None of documentation, test fixtures and vendored files: nobody runs those.
    """
    commands = [run for run in invocations if _is_command(run, namespace)]
    if name:
        named = [run for run in commands if run.release == name]
        chosen = named or list(filter(_leaves_release_open, commands))
    else:
        chosen = [run for run in commands if run.chart == chart]
    return _narrowed(tuple(chosen), environment)


def _leaves_release_open(run: Invocation) -> bool:
    return run.release is None and "release" in run.written


def _is_command(run: Invocation, namespace: str) -> bool:
    if run.tool != "helm" or run.action not in _ACTIONS or run.pretends:
        return False
    return _agrees(run.namespace, namespace) and not is_aside(run.file)


def is_aside(file: str) -> bool:
    """Whether a file is documentation, a test's or somebody else's: nothing runs what it shows."""
    folders = set(posixpath.dirname(file).split("/"))
    aside = settings()["aside"]
    is_document = file.lower().endswith((*_DOCUMENTS, *aside["endings"]))
    return is_document or not folders.isdisjoint(aside["folders"])


def _of_chart(invocations: Iterable[Invocation], chart: str) -> tuple[Invocation, ...]:
    if not chart:
        return ()
    return tuple(filter(lambda invocation: _same_chart(invocation, chart), invocations))


def _narrowed(invocations: tuple[Invocation, ...], environment: str) -> tuple[Invocation, ...]:
    """Those of the environment's jobs where there are any, and no documentation where there is
    anything else."""
    real = tuple(run for run in invocations if not run.file.lower().endswith(_DOCUMENTS))
    shown = real or invocations
    own = tuple(run for run in shown if environment and _environment(run) == environment)
    return own or shown


def _environment(invocation: Invocation) -> str:
    if invocation.job:
        return invocation.job.environment
    return ""


def values_mode(invocation: Invocation) -> str | None:
    """What an upgrade does with the last release's values; None where a flag that decides it is
    unknown."""
    for name in _MODES:
        flag = invocation.flag(name)
        if flag.state == "unknown":
            return None
        if flag.state == "set":
            return name.removesuffix("-values")
    table = tables().get(invocation.tool)
    switched_off = invocation.tool == "ansible" and invocation.flag("reset-values").value is False
    if table is None or switched_off:
        return "default"
    return table.mode


def _agrees(namespace: str | None, wanted: str) -> bool:
    return not namespace or not wanted or namespace == wanted


def _switch(flag: Flag) -> bool | None:
    return {"set": True, "unset": False}.get(flag.state)


def _agreed(
    invocations: Iterable[Invocation], fact: Callable[[Invocation], Fact | None]
) -> Fact | None:
    facts = {fact(invocation) for invocation in invocations}
    if len(facts) == 1:
        return facts.pop()
    return None


def _same_chart(invocation: Invocation, chart: str) -> bool:
    """Whether its chart is this path, written from its own directory or from the top."""
    if not invocation.chart:
        return False
    wanted = posixpath.normpath(chart)
    beside = posixpath.normpath(
        posixpath.join(posixpath.dirname(invocation.file), invocation.chart)
    )
    return wanted in (posixpath.normpath(invocation.chart), beside)
