"""Configuration changes, but the pods that read it do not restart.

What happens: the pods go on with the old configuration until something else restarts them (environment
variables), or see it at some later moment (files).

Why: a ConfigMap or Secret changes that pods read, and the pod template does not change with it.

What to do instead: put a checksum of the configuration into an annotation of the pod template.
"""

from collections.abc import Iterator

from policylint.impact import template_change
from policylint.model import Category, Fix, Kept, Severity, Upgrade, Violation
from policylint.rule import Context, rule
from policylint.workload import references, referred


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """The data of a ConfigMap or Secret changes, a kept workload reads it by name, and its template stays."""
    changed = {
        change.id: change
        for change in upgrade.of("ConfigMap", "Secret")
        if isinstance(change, Kept)
        and any(field.path.startswith(("/data", "/stringData", "/binaryData")) for field in change.fields)
    }
    if not changed:
        return
    for change in upgrade.of("Deployment", "StatefulSet", "DaemonSet"):
        if not isinstance(change, Kept) or template_change(change) is not None:
            continue
        read = sorted({referred(change.after, reference) for reference in references(change.after)} & changed.keys())
        if read:
            yield Violation(
                message=f"the pods of {change.id} do not restart, although {', '.join(map(str, read))} changes",
                because="nothing in the pod template changes with it",
                path="/spec/template/metadata/annotations",
                resource=change.id,
                fixes=(Fix("annotate the pod template with a checksum of the configuration (checksum/config)"),),
            )
