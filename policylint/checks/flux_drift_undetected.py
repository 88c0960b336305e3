"""Flux does not see what others change.

What happens: what somebody edits or deletes by hand stays that way until the next upgrade of the
chart, and nothing says so.

Why: spec.driftDetection.mode is not set; its default is disabled.

What to do instead: mode: warn reports drift, mode: enabled corrects it too; fields that an
autoscaler sets go under driftDetection.ignore.

Source: api/v2/helmrelease_types.go of fluxcd/helm-controller 1.6 (DriftDetection).
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Confidence, Fix, Grade, Severity, Violation
from policylint.scan.invocations.edits import setting_added
from policylint.scan.invocations.model import Invocation
from policylint.scan.repository.declaredfields import declared
from policylint.scan.texts.yaml import Tree

APIS = ("helm.toolkit.fluxcd.io/v2", "helm.toolkit.fluxcd.io/v2beta2")
PATH = ("spec", "driftDetection", "mode")


@rule(category=Category.PRACTICE, severity=Severity.NOTE, confidence=Confidence.DEPENDS)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """A HelmRelease whose API knows the setting and that leaves it off; silent where a template may
    write it."""
    if invocation.tool == "flux" and not invocation.dynamic:
        root = declared(invocation)
    else:
        root = None
    if root is None or root.string("apiVersion") not in APIS:
        return
    if any(_may_detect(tree) for tree in (root, *invocation.overlays)):
        return
    mode = root.get(*PATH)
    if mode is None:
        edit = setting_added(invocation, PATH, "warn")
    else:
        edit = None
    title = "let it report: spec.driftDetection.mode: warn"
    because = "driftDetection is off unless it is asked for"
    yield Violation(
        message="Flux does not see what others change in the cluster",
        because="driftDetection.mode is disabled" if mode else because,
        fixes=(Fix(title, Grade.SAFE, (), (edit,)) if edit else Fix(title),),
    )


def _may_detect(root: Tree) -> bool:
    """Whether drift is detected, or a template may write that it is."""
    detection, mode = root.get("spec", "driftDetection"), root.get(*PATH)
    if detection and (detection.open or detection.dynamic):
        return True
    return mode is not None and (mode.dynamic or mode.text != "disabled")
