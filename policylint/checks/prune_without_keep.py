"""Argo CD deletes what leaves git, claims and namespaces too.

What happens: an object that the chart renders no longer (a switch turned off, a renamed template, a
chart that moved) is deleted by the next automatic sync. With a PersistentVolumeClaim, a Namespace
or a CustomResourceDefinition goes the data.

Why: syncPolicy.automated.prune is true, and nothing here says which objects are to stay.

What to do instead: annotate what holds data with argocd.argoproj.io/sync-options: Prune=false (or
Prune=confirm). helm.sh/resource-policy: keep does not do: Argo CD minds it when the Application is
deleted, not when it prunes.

Source: gitops-engine/pkg/sync/sync_context.go (isPruningDisabled) and controller/appcontroller.go
of argoproj/argo-cd, 2026-08.
"""

import re
from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Confidence, Fix, Severity, Violation
from policylint.runtime.patterns import pattern
from policylint.scan.invocations.model import Invocation
from policylint.scan.repository.declaredfields import automated
from policylint.scan.repository.localcharts import documents_of

GUARD = pattern(r"\bPrune=(?:false|confirm)\b")
HOLDS_DATA = pattern(
    r"^kind:[ \t]*[\"']?(PersistentVolumeClaim|Namespace|CustomResourceDefinition)\b", re.MULTILINE
)


@rule(category=Category.PRACTICE, severity=Severity.NOTE, confidence=Confidence.DEPENDS)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """Automatic pruning of a chart that is elsewhere, or that is here and holds data without a
    guard."""
    policy = automated(invocation)
    prunes = policy.get("prune") if policy else None
    if not prunes or not prunes.boolean or _guarded(invocation):
        return
    documents = documents_of(invocation)
    bare = sorted({kind for text in documents or () for kind in _bare(text)})
    because = "automated.prune is true"
    if bare:
        what = f"each {' and '.join(bare)} of the chart"
    elif documents is None:
        what = "claims and namespaces of the chart"
        because += ", and what the chart guards cannot be seen here"
    else:
        return
    yield Violation(
        message=f"what the chart renders no longer is deleted by itself: {what} too",
        because=because,
        fixes=(Fix("annotate what holds data: argocd.argoproj.io/sync-options: Prune=false"),),
    )


def _guarded(invocation: Invocation) -> bool:
    return invocation.source is not None and GUARD.search(invocation.source.text) is not None


def _bare(text: str) -> list[str]:
    """The kinds of a template that hold data and have no guard."""
    if GUARD.search(text):
        return []
    return [match[1] for match in HOLDS_DATA.finditer(text)]
