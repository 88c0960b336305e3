"""A chart repository is added and never updated.

What happens: where the repository is already known to the machine, helm keeps its old index: new
versions are not found, or an old one is deployed as the newest.

Why: helm repo add does nothing for a repository that is there; no helm repo update follows.

What to do instead: add helm repo update behind it, or --force-update to the repo add; or pull from
a registry: oci://.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Confidence, Grade, Severity, Violation
from policylint.scan.invocations.advice import add_flag
from policylint.scan.invocations.model import Invocation
from policylint.scan.repository.together import Together


@rule(category=Category.PRACTICE, severity=Severity.NOTE, confidence=Confidence.DEPENDS)
def check(file: Together, context: Context) -> Iterator[Violation]:
    """repo add, then a chart of that repository, and no repo or dependency update between."""
    updates = (("update",), ("up",), ("build",))
    if any(invocation.positionals[:1] in updates for invocation in file.invocations):
        return
    for added in file.invocations:
        verb, name, *_ = (*added.positionals, None, None)
        if (added.tool, added.action, verb) != ("helm", "repo", "add") or not isinstance(name, str):
            continue
        if _used(file, added, name) and added.flag("force-update").state == "unset":
            yield Violation(
                message=f"the index of {name} may be an old one: no helm repo update follows",
                fixes=(add_flag(added, "--force-update", "add --force-update", Grade.SAFE),),
                locations=(added.location,),
            )


def _used(file: Together, added: Invocation, repository: str) -> bool:
    charts = (invocation.chart or "" for invocation in file.after(added))
    return any(chart.startswith(f"{repository}/") for chart in charts)
