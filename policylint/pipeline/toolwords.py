"""The upgrade in the commands of fixes: what the tool that declares a release is told instead.

A release that Flux or Argo CD rolls out is upgraded by what is merged; `helm upgrade` by hand would
be undone, or make a release beside it.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from msgspec.structs import replace

from policylint.model import Finding, Fix
from policylint.runtime.patterns import pattern
from policylint.scan.gitops.rollout import Rollout

_UPGRADE = pattern(r"helm upgrade \S+ \.\.\. -n \S+$")
_MERGED = "  # once the change is merged"


def with_tool(findings: Iterable[Finding], rollout: Rollout | None) -> tuple[Finding, ...]:
    """The findings, with what the tool is told in place of Helm's upgrade in the steps of their
    fixes."""
    command = _command(rollout) if rollout else ""
    if not command:
        return tuple(findings)
    return tuple(_told(finding, command) for finding in findings)


def _command(rollout: Rollout) -> str:
    """What rolls the release out now, "" for a tool that a pipeline runs."""
    if rollout.tool == "argocd":
        application = str(rollout.settings.get("application") or "")
        return f"argocd app sync {shlex.quote(application)}" if application else ""
    namespace, _, name = str(rollout.settings.get("object") or "").partition("/")
    if rollout.tool == "flux" and name:
        return f"flux reconcile helmrelease {shlex.quote(name)} -n {shlex.quote(namespace)}"
    return ""


def _told(finding: Finding, command: str) -> Finding:
    fixes = tuple(_with_command(fix, command) for fix in finding.fixes)
    if fixes == finding.fixes:
        return finding
    return replace(finding, fixes=fixes)


def _with_command(fix: Fix, command: str) -> Fix:
    return replace(fix, steps=tuple(_step(step, command) for step in fix.steps))


def _step(step: str, command: str) -> str:
    match = _UPGRADE.search(step)
    if match is None:
        return step
    return f"{step[: match.start()]}{command}{_MERGED}"
