"""Flux does nothing after a failed upgrade.

What happens: the HelmRelease stays half applied and not ready until somebody looks at it.

Why: spec.upgrade.remediation asks for no retries, so that a failed upgrade is neither tried again
nor rolled back.

What to do instead: spec.upgrade.remediation.retries: 3; the last failure is then rolled back too.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Confidence, Fix, Grade, Severity, Violation
from policylint.scan.invocations.advice import severity
from policylint.scan.invocations.edits import setting_added
from policylint.scan.invocations.model import Invocation
from policylint.scan.repository.declaredfields import declared

PATH = ("spec", "upgrade", "remediation", "retries")


@rule(category=Category.PRACTICE, severity=Severity.NOTE, confidence=Confidence.DEPENDS)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """A HelmRelease without remediation; silent where a template or a patch may add it."""
    flag = invocation.flag("atomic")
    if invocation.tool == "flux" and flag.state == "unset" and not _tries_again(invocation):
        today = invocation.source is not None and "helm.toolkit.fluxcd.io" in invocation.source.text
        if today and flag.origin is None:
            edit = setting_added(invocation, PATH, "3")
        else:
            edit = None
        if today:
            title = "ask for retries: spec.upgrade.remediation.retries: 3"
        else:
            title = "spec.rollback.enable: true"
        yield Violation(
            message="a failed upgrade stays failed: no remediation is asked for",
            because="spec.upgrade.remediation has no retries here; a patch of a Kustomization "
            "may add them",
            severity=severity(context),
            fixes=(Fix(title, Grade.SAFE, (), (edit,)) if edit else Fix(title),),
        )


def _tries_again(invocation: Invocation) -> bool:
    """Whether spec.upgrade.strategy (helm-controller 1.4 and later) asks for another try
    instead."""
    root = declared(invocation)
    trees = [*invocation.overlays, *([root] if root else [])]
    names = [tree.string("spec", "upgrade", "strategy", "name") for tree in trees]
    return "RetryOnFailure" in names
