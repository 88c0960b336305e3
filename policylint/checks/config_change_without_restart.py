"""Configuration changes, but the pods that read it do not restart.

What happens: the pods go on with the old configuration until something else restarts them
(environment variables), or see it at some later moment (files).

Why: a ConfigMap or Secret changes that pods read, and the pod template does not change with it.

What to do instead: put a checksum of the configuration into an annotation of the pod template.
"""

from collections.abc import Iterator, Sequence
from shlex import quote

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.commands import in_namespace
from policylint.kubernetes.api.generated import are_generated
from policylint.kubernetes.api.keys import missing_keys
from policylint.kubernetes.forecast.impact import stale_readers
from policylint.model import (
    Category,
    Change,
    Fix,
    Kept,
    Location,
    Resource,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)

DATA = ("/data/", "/stringData/")


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """The data of a ConfigMap or Secret changes, kept workloads read it by name, and their
    templates stay; one violation for all that read the same."""
    before, after = upgrade.before.resources, upgrade.after.resources
    generated = {change.id for change in upgrade.of("Secret") if _is_generated(change)}
    readers: dict[tuple[ResourceId, ...], list[Resource]] = {}
    for workload, stale in stale_readers(upgrade, context.target.kubernetes).items():
        read = tuple(identity for identity in stale if identity not in generated)
        # a restart would end the pods that still run: reference-key-missing tells of missing keys
        if read and not missing_keys(after[workload], before, after):
            readers.setdefault(read, []).append(after[workload])
    for read, workloads in readers.items():
        yield _stale(read, workloads)


def _stale(read: Sequence[ResourceId], workloads: Sequence[Resource]) -> Violation:
    names = ", ".join(str(workload.id) for workload in workloads)
    verb = "changes" if len(read) == 1 else "change"
    return Violation(
        message=f"the pods of {names} do not restart, although {', '.join(map(str, read))} {verb}",
        because="nothing in the pod template changes with it",
        path="/spec/template/metadata/annotations" if len(workloads) == 1 else "",
        resource=workloads[0].id if len(workloads) == 1 else read[0],
        locations=tuple(
            Location("rendered", workload.origin.file, workload.origin.line)
            for workload in workloads
        ),
        fixes=(
            Fix(
                "annotate the pod template with a checksum of the configuration (checksum/config)",
                steps=(_restart([workload.id for workload in workloads]),),
                cost="a rolling restart whenever the configuration changes",
            ),
        ),
    )


def _restart(workloads: Sequence[ResourceId]) -> str:
    where = in_namespace(workloads[0].namespace)
    names = " ".join(f"{workload.kind.lower()}/{quote(workload.name)}" for workload in workloads)
    return f"or, for once, after the upgrade: kubectl rollout restart {names}{where}"


def _is_generated(change: Change) -> bool:
    """Whether all that changes of a Secret are values that a template generates at each render: in
    a cluster a lookup keeps them, or secret-regenerated tells of them."""
    fields = change.fields if isinstance(change, Kept) else ()
    return are_generated([field for field in fields if field.path.startswith(DATA)])
