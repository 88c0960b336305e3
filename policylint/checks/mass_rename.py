"""The upgrade renames most of the release.

What happens: Helm creates every object under its new name and deletes the old ones: addresses,
volumes and history do not move along, and everything restarts at once.

Why: the name template, nameOverride, the release name or the namespace changed.

What to do instead: set nameOverride or fullnameOverride so that the old names stay; to move on
purpose, install beside the old release and switch over.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.manifests.renames import renames
from policylint.model import Category, Created, Deleted, Fix, Severity, Upgrade, Violation


@rule(category=Category.DOWNTIME, severity=Severity.ERROR, params={"share": 0.5, "least": 2})
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """At least `share` of the before side, and `least` objects, come back under another name or
    namespace."""
    renamed = renames(upgrade)
    if len(renamed) < int(context.params["least"]) or len(renamed) < len(
        upgrade.before.resources
    ) * float(context.params["share"]):
        return
    (old, new), *_ = renamed
    coming = sum(isinstance(change, Created) for change in upgrade.changes)
    going = sum(isinstance(change, Deleted) for change in upgrade.changes)
    had = len(upgrade.before.resources)
    yield Violation(
        message=f"{len(renamed)} of {had} objects are renamed: {coming} are created, "
        f"{going} deleted",
        because=f"for example {old.id} becomes {new.id}",
        before=str(old.id),
        after=str(new.id),
        fixes=(Fix("keep the names with nameOverride or fullnameOverride"),),
    )
