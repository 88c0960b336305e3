"""Which of a repository's invocations deploy a given release, and what they say of the way it is
upgraded."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable
from typing import TypeVar

from msgspec import Struct

from policylint.scan.invocations.advice import is_dry_run
from policylint.scan.invocations.model import Flag, Invocation
from policylint.scan.invocations.settings import tables

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
    found = _narrowed(deploys(invocations, name, namespace, chart), environment)
    return Deployment(
        found,
        _agreed(found, values_mode),
        _agreed(found, lambda each: _switch(each.flag("atomic"))),
        _agreed(found, lambda each: _switch(each.flag("force"))),
        _agreed(found, lambda each: each.version),
        _agreed(found, lambda each: each.helm_version[:1] or None),
    )


def deploys(
    invocations: Iterable[Invocation], name: str, namespace: str = "", chart: str = ""
) -> tuple[Invocation, ...]:
    """The installs and upgrades that name the release, else those of its chart whose release cannot
    be told."""
    real = (each for each in invocations if each.action in _ACTIONS and not is_dry_run(each))
    candidates = [each for each in real if _agrees(each.namespace, namespace)]
    named = [each for each in candidates if each.release == name]
    charted = [each for each in named if chart and _same_chart(each, chart)]
    unnamed = [
        each for each in candidates if each.release is None and chart and _same_chart(each, chart)
    ]
    return tuple(charted or named or unnamed)


def _narrowed(found: tuple[Invocation, ...], environment: str) -> tuple[Invocation, ...]:
    shown = tuple(each for each in found if not each.file.lower().endswith(_DOCUMENTS)) or found
    own = tuple(
        each for each in shown if environment and each.job and each.job.environment == environment
    )
    return own or shown


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
    return "default" if table is None or switched_off else table.mode


def _agrees(seen: str | None, wanted: str) -> bool:
    return not seen or not wanted or seen == wanted


def _switch(flag: Flag) -> bool | None:
    return {"set": True, "unset": False}.get(flag.state)


def _agreed(found: Iterable[Invocation], fact: Callable[[Invocation], Fact | None]) -> Fact | None:
    said = {fact(each) for each in found}
    return said.pop() if len(said) == 1 else None


def _same_chart(invocation: Invocation, chart: str) -> bool:
    """Whether its chart is this path, written from its own directory or from the top."""
    if not invocation.chart:
        return False
    wanted = posixpath.normpath(chart)
    beside = posixpath.normpath(
        posixpath.join(posixpath.dirname(invocation.file), invocation.chart)
    )
    return wanted in (posixpath.normpath(invocation.chart), beside)
