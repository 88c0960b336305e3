"""Two releases hold the same object.

What happens: each upgrade of one release overwrites what the other set, and when one of them is
uninstalled or drops the object, it is deleted under the other.

Why: both charts render an object of the same name in the same namespace. Helm's ownership
annotations stop that on install, unless --take-ownership was given or the records are older than
the annotations.

What to do instead: let one release own the object: rename it in one chart, or remove it there after
annotating it with `helm.sh/resource-policy: keep`.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.helm.history.claims import Releases, claimed_twice
from policylint.helm.history.targets import base
from policylint.model import Category, Fix, Severity, Violation


@rule(category=Category.DATA_LOSS, severity=Severity.WARNING)
def check(releases: Releases, context: Context) -> Iterator[Violation]:
    """Compare the manifests that the releases run."""
    for claim in claimed_twice(releases, context.target.kubernetes):
        names = " and ".join(
            f"{history.namespace}/{history.name}".strip("/") for history in claim.releases
        )
        yield Violation(
            f"{claim.resource} belongs to more than one release: {names}",
            because="the stored manifest of each of them holds it",
            resource=claim.resource,
            fixes=(
                Fix(
                    "rename it in one of the charts, or keep it with helm.sh/resource-policy "
                    "and drop it there"
                ),
            ),
            locations=tuple(
                history.place(base(history) or history.last) for history in claim.releases
            ),
        )
