"""One side renders a resource twice.

What happens: Helm 3 refuses to install it, and an upgrade sends both in turn: which one wins is a
matter of order.

Why: two templates, or a template and a subchart, render the same kind, namespace and name.

What to do instead: render it once.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import (
    Category,
    Fix,
    Location,
    Manifest,
    Resource,
    Severity,
    Upgrade,
    Violation,
)


@rule(category=Category.PRACTICE, severity=Severity.ERROR)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """Second and later resources of an identity on the after side, and on a before side that has
    others."""
    twice_after = {resource.id for resource in upgrade.after.duplicates}
    for side, manifest in (("after", upgrade.after), ("before", upgrade.before)):
        for resource in manifest.duplicates:
            if side == "before" and resource.id in twice_after:
                continue
            first = _first(resource, manifest)
            if first.is_hook and set(first.hooks).isdisjoint(resource.hooks):
                continue  # each has its own events
            places = tuple(
                Location("rendered", at.origin.file, at.origin.line) for at in (first, resource)
            )
            yield Violation(
                message=f"the {side} side renders {resource.id} twice",
                because="which of the two the cluster keeps depends on their order",
                resource=resource.id,
                locations=places,
                fixes=(_fix(first, resource),),
            )


def _fix(first: Resource, again: Resource) -> Fix:
    """Which of the two to take out: an upgrade sends both, and the last one holds."""
    if first.body == again.body:
        step = f"take the one of {_place(again)} out: both say the same"
        return Fix("render it once", steps=(step,), cost="none")
    return Fix(
        "render it once",
        steps=(
            f"keep the one of {_place(again)}: it is sent last, and holds after an upgrade",
            f"take the one of {_place(first)} out",
        ),
        cost="none where the object is as the last upgrade left it",
    )


def _place(resource: Resource) -> str:
    return f"{resource.origin.file} (line {resource.origin.line} of the render)"


def _first(again: Resource, manifest: Manifest) -> Resource:
    """The resource, or the hook, that had the identity before."""
    if again.is_hook:
        side = manifest.hooks
    else:
        side = manifest.resources
    return side[again.id]
