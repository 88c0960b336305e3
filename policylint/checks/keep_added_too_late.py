"""The keep policy comes in the upgrade that removes the object.

What happens: Helm deletes the object although the new chart says helm.sh/resource-policy: keep.

Why: Helm looks at the live object when it decides; an annotation that only the new chart has is not
there yet.

What to do instead: annotate the live object first (kubectl annotate), or upgrade once with the
annotation and only then remove the object.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.commands import named
from policylint.kubernetes.forecast.impact import KEEP, is_kept
from policylint.model import Category, Created, Deleted, Fix, Severity, Upgrade, Violation


@rule(category=Category.DATA_LOSS, severity=Severity.WARNING)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """An object without the policy goes while one of its kind comes with it."""
    coming = {
        change.id.kind
        for change in upgrade.changes
        if isinstance(change, Created) and is_kept(change.after)
    }
    for change in upgrade.changes:
        if isinstance(change, Deleted) and change.id.kind in coming and not is_kept(change.before):
            yield Violation(
                message=f"{change.id} is deleted: the keep policy of the new chart comes too "
                "late for it",
                because=f"Helm reads {KEEP} from the live object, which does not have it",
                resource=change.id,
                fixes=(
                    Fix(
                        "annotate the live object before the upgrade",
                        steps=(f"kubectl annotate {named(change.id)} {KEEP}=keep",),
                    ),
                ),
            )
