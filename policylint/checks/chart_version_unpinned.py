"""The chart can change without a commit.

What happens: the next run deploys whatever version is newest then, major versions included, and a
rebuild of an old commit gives another release.

Why: a chart from a repository or registry without --version, or with a range or a moving tag.

What to do instead: pin the exact version, and let a bot propose new ones.
"""

import re
from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Fix, Grade, Severity, Violation
from policylint.runtime.patterns import pattern
from policylint.scan.invocations.advice import (
    add_flag,
    declared_text,
    is_exact,
    is_remote,
    pinned_in_reference,
    tag_of,
)
from policylint.scan.invocations.model import Invocation

MOVING = ("HEAD", "main", "master", "develop", "trunk")
"""Revisions of a Git source that move with each push."""


RANGE = pattern(r"[*xX^~<>|]|\s-\s")
"""What makes a targetRevision a range of tags; a branch may hold an x of its own."""


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """No version for a remote chart, or one that is no exact version."""
    if invocation.action not in ("install", "upgrade") or not is_remote(invocation):
        return
    chart = invocation.chart or ""
    version = invocation.version or tag_of(chart)
    absent = version is None and invocation.flag("version").state == "unset"
    if invocation.tool == "argocd" and "chart:" not in declared_text(invocation):
        yield from _of_git(invocation, "HEAD" if absent else version)
    elif not pinned_in_reference(chart):
        yield from _of_repository(invocation, version, absent=absent)


def _of_repository(
    invocation: Invocation, version: str | None, *, absent: bool
) -> Iterator[Violation]:
    """No version of a chart from a repository or registry, or one that moves by itself."""
    if absent:
        yield Violation(
            f"the chart {invocation.chart} is not pinned: each run takes the newest",
            fixes=(_pin(invocation),),
        )
    elif version is not None and not is_exact(version):
        yield Violation(
            f"the chart {invocation.chart} is not pinned: {version} is no exact version",
            before=version,
            fixes=(Fix("write the exact version"),),
        )


def _pin(invocation: Invocation) -> Fix:
    if invocation.tool != "helm":
        return Fix("write the exact version that runs now: helm list")
    title = "pin the version that runs now: helm list"
    return add_flag(invocation, "--version X.Y.Z", title, Grade.MANUAL)


def _of_git(invocation: Invocation, revision: str | None) -> Iterator[Violation]:
    """A revision of a git source that moves by itself."""
    spans = revision is not None and not is_exact(revision) and _is_range(revision)
    if revision in MOVING or spans:
        event = "new tag" if spans else "push"
        yield Violation(
            f"{invocation.release or invocation.chart} follows {revision}: each {event} deploys",
            severity=Severity.NOTE,
            fixes=(Fix("name a tag or a commit in targetRevision, where a push shall not deploy"),),
        )


def _is_range(revision: str) -> bool:
    return bool(re.fullmatch(r"[\d.xX*^~<>=| v-]+", revision) and RANGE.search(revision))
