"""A failed upgrade is uninstalled and installed anew.

What happens: after a failed upgrade the controller of k3s and RKE2 uninstalls the release and
installs it again: every object goes and comes back, claims that the chart renders lose their data,
and nothing can be rolled back.

Why: spec.failurePolicy is reinstall, which is its default.

What to do instead: failurePolicy: abort leaves the release as it is for a person, retry tries again
without uninstalling.

Source: pkg/controllers/chart/chart.go and pkg/apis/helm.cattle.io/v1/types.go of
k3s-io/helm-controller.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Confidence, Fix, Grade, Severity, Violation
from policylint.scan.invocations.edits import setting_added
from policylint.scan.invocations.model import Invocation
from policylint.scan.repository.declaredfields import declared

PATH = ("spec", "failurePolicy")


@rule(category=Category.PRACTICE, severity=Severity.NOTE, confidence=Confidence.DEPENDS)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """A HelmChart with that policy, or with none; a HelmChartConfig elsewhere may set another."""
    if invocation.tool == "k3s" and not invocation.dynamic:
        root = declared(invocation)
    else:
        root = None
    if root is None or root.string("kind") != "HelmChart":
        return
    policy = root.get(*PATH)
    if policy and policy.text != "reinstall":
        return
    if policy is None:
        edit = setting_added(invocation, PATH, "abort")
    else:
        edit = None
    title = "leave a failed release to a person: failurePolicy: abort"
    yield Violation(
        message="a failed upgrade is uninstalled and installed anew: "
        "claims of the chart lose their data",
        because="failurePolicy is reinstall" + ("" if policy else " by default"),
        fixes=(Fix(title, Grade.UNSAFE, (), (edit,)) if edit else Fix(title),),
    )
