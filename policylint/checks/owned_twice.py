"""Two releases render the same object.

What happens: Helm refuses the upgrade that would create the object a second time: `exists and
cannot be imported into the current release: invalid ownership metadata`. Where both releases hold
it already, each upgrade overwrites what the other set, and whichever drops it deletes it under the
other.

Why: two releases of this configuration render an object of the same name in the same namespace and
environment, often a cluster-wide role, a namespace, or a CRD that both charts bring along.

What to do instead: let one release own the object: switch it off, or rename it, in the other.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Fix, Severity, Violation
from policylint.report.fleet import Fleet, overlaps


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR)
def check(fleet: Fleet, context: Context) -> Iterator[Violation]:
    """An error where the upgrade creates it for one of them, a warning where both hold it
    already."""
    for overlap in overlaps(fleet):
        names = " and ".join(f"{member.namespace}/{member.name}" for member in overlap.members)
        if overlap.members[0].environment:
            where = f" in {overlap.members[0].environment}"
        else:
            where = ""
        yield Violation(
            message=f"{overlap.resource} is rendered by more than one release{where}: {names}",
            because="the release that comes second is refused: the object belongs to the other"
            if overlap.created
            else "each upgrade overwrites what the other set, and whichever drops the object "
            "deletes it",
            resource=overlap.resource,
            category=None if overlap.created else Category.DATA_LOSS,
            severity=Severity.ERROR if overlap.created else Severity.WARNING,
            fixes=(Fix("render it in one of the releases only, or rename it"),),
        )
