"""An Ingress answers for one path alone, and no longer for what lies below it.

What happens: every path below it answers 404.

Why: pathType turns from Prefix (or from the controller's own way) to Exact.

What to do instead: keep Prefix, or list the paths that are called.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import parts, text
from policylint.model import Category, Fix, Kept, Resource, Severity, Violation


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """A path of a host that was matched otherwise before, and is not matched as a prefix too."""
    if change.id.kind != "Ingress" or not change.fields:
        return
    before, after = _paths(change.before), _paths(change.after)
    for place, types in after.items():
        if types.keys() == {"Exact"} and place in before and "Exact" not in before[place]:
            host, path = place
            yield Violation(
                message=f"{change.id} answers for {host}{path} alone, and no longer for what lies "
                "below it",
                because="pathType becomes Exact",
                path=types["Exact"],
                before=", ".join(before[place]),
                after="Exact",
                fixes=(Fix("keep pathType: Prefix"),),
            )


def _paths(ingress: Resource) -> dict[tuple[str, str], dict[str, str]]:
    """(host, path) -> the pointer of each pathType there."""
    matched: dict[tuple[str, str], dict[str, str]] = {}
    for number, entry in enumerate(parts(ingress.body, "spec", "rules")):
        for index, path in enumerate(parts(entry, "http", "paths")):
            types = matched.setdefault((text(entry, "host"), text(path, "path")), {})
            where = f"/spec/rules/{number}/http/paths/{index}/pathType"
            types[text(path, "pathType")] = where
    return matched
