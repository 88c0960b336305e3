"""A CRD starts to store its objects in another version.

What happens: after a rollback the API server reads objects that were written in the new version as
the old one; fields that only the new version has are lost with the next write, or a conversion
webhook must be able to go back.

Why: the storage version of the CustomResourceDefinition differs between the two sides.

What to do instead: add the new version without storing it first; move the storage version in a
later release, when nobody has to go back behind it.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import parts
from policylint.kubernetes.manifests.definitions import KIND
from policylint.model import Category, Direction, Fix, Kept, Severity, Violation


@rule(category=Category.ROLLBACK, severity=Severity.NOTE)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """The version with storage: true is another one after."""
    if change.id.kind != KIND or not change.fields:
        return
    old, new = _stored(change.before.body), _stored(change.after.body)
    if old and new and old != new:
        yield Violation(
            message=f"objects are stored as {new} from now on: the way back to {old} may lose "
            "fields",
            because="what is written after the upgrade is in the new storage version",
            path="/spec/versions",
            before=old,
            after=new,
            direction=Direction.ROLLBACK,
            fixes=(
                Fix("move the storage version in a release of its own, after the one that adds it"),
            ),
        )


def _stored(crd: object) -> str:
    return next(
        (
            str(version.get("name"))
            for version in parts(crd, "spec", "versions")
            if version.get("storage")
        ),
        "",
    )
