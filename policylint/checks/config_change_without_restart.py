"""Configuration changes, but the pods that read it do not restart.

What happens: the pods go on with the old configuration until something else restarts them
(environment variables), or see it at some later moment (files).

Why: a ConfigMap or Secret changes that pods read, and the pod template does not change with it.

What to do instead: put a checksum of the configuration into an annotation of the pod template.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.generated import are_generated
from policylint.kubernetes.api.keys import missing_keys
from policylint.kubernetes.forecast.impact import stale_readers
from policylint.model import Category, Change, Fix, Kept, Severity, Upgrade, Violation

DATA = ("/data/", "/stringData/")


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """The data of a ConfigMap or Secret changes, a kept workload reads it by name, and its template
    stays."""
    before, after = upgrade.before.resources, upgrade.after.resources
    generated = {change.id for change in upgrade.of("Secret") if _is_generated(change)}
    for workload, stale in stale_readers(upgrade.changes, context.target.kubernetes).items():
        read = [identity for identity in stale if identity not in generated]
        if not read or missing_keys(after[workload], before, after):
            continue  # a restart would end the pods that still run: reference-key-missing tells
        yield Violation(
            message=f"the pods of {workload} do not restart, "
            f"although {', '.join(map(str, read))} changes",
            because="nothing in the pod template changes with it",
            path="/spec/template/metadata/annotations",
            resource=workload,
            fixes=(
                Fix(
                    "annotate the pod template with a checksum of the configuration "
                    "(checksum/config)"
                ),
            ),
        )


def _is_generated(change: Change) -> bool:
    """Whether all that changes of a Secret are values that a template generates at each render: in
    a cluster a lookup keeps them, or secret-regenerated tells of them."""
    fields = change.fields if isinstance(change, Kept) else ()
    return are_generated([field for field in fields if field.path.startswith(DATA)])
