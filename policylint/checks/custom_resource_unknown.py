"""A custom resource whose CRD policylint does not know.

What happens: nothing can be said of the resource: the API server may take or refuse it. The answer
is `depends`, and with --strict the verdict is unknown.

Why: the CustomResourceDefinition is in neither side, nor in the chart's crds/ directory.

What to do instead: name the file or directory that holds the definitions, with --crds or `crds:` in
.policylint.yaml.
"""

from collections.abc import Iterator
from shlex import quote

from policylint.engine.rule import Context, rule
from policylint.model import Category, Confidence, Deleted, Fix, Severity, Upgrade, Violation


@rule(category=Category.PRACTICE, severity=Severity.NOTE, confidence=Confidence.DEPENDS)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """One note for each kind with an open answer."""
    kinds: dict[tuple[str, str], list[str]] = {}
    for change in upgrade.changes:
        if isinstance(change, Deleted):
            answer = None
        else:
            answer = change.forecast.upgrade
        if answer and any(
            unknown.topic == "custom-resource-unknown" for unknown in answer.unknowns
        ):
            kinds.setdefault((change.id.group, change.id.kind), []).append(change.id.name)
    for (group, kind), names in sorted(kinds.items()):
        get = f"kubectl get crd -o yaml > crds.yaml  # the one of group {quote(group)}"
        yield Violation(
            message=f"nothing is known of {kind} in {group}: {len(names)} of them change here "
            "and may be refused",
            because=f"their CustomResourceDefinition is not at hand (for example {names[0]})",
            after=f"{kind}.{group}",
            fixes=(
                Fix(
                    "give the definition",
                    steps=(get, "policylint check --crds crds.yaml ..."),
                ),
            ),
        )
