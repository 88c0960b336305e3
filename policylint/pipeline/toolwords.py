"""The upgrade in the commands of fixes: what the tool that declares a release is told instead.

A release that Flux or Argo CD rolls out is upgraded by what is merged; `helm upgrade` by hand would
be undone, or make a release beside it.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from policylint.model import Finding
from policylint.pipeline.fixsteps import with_steps
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
    return with_steps(findings, lambda step: _step(step, command))


def _command(rollout: Rollout) -> str:
    """What rolls the release out now, "" for a tool that a pipeline runs."""
    if rollout.tool == "argocd":
        application = str(rollout.settings.get("application") or "")
        return f"argocd app sync {shlex.quote(application)}" if application else ""
    namespace, _, name = str(rollout.settings.get("object") or "").partition("/")
    if rollout.tool == "flux" and name:
        return f"flux reconcile helmrelease {shlex.quote(name)} -n {shlex.quote(namespace)}"
    return ""


def _step(step: str, command: str) -> str:
    match = _UPGRADE.search(step)
    if match is None:
        return step
    return f"{step[: match.start()]}{command}{_MERGED}"
