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
from policylint.scan.repository.together import Together


@rule(category=Category.PRACTICE, severity=Severity.NOTE, confidence=Confidence.DEPENDS)
def check(file: Together, context: Context) -> Iterator[Violation]:
    """repo add, then a chart of that repository, and no repo or dependency update between."""
    refreshed = [
        each
        for each in file.invocations
        if each.positionals[:1] in (("update",), ("up",), ("build",))
    ]
    for added in file.invocations:
        verb, name, *_ = (*added.positionals, None, None)
        if (added.tool, added.action, verb) != ("helm", "repo", "add") or not isinstance(name, str):
            continue
        used = any((each.chart or "").startswith(f"{name}/") for each in file.after(added))
        if used and not refreshed and added.flag("force-update").state == "unset":
            yield Violation(
                message=f"the index of {name} may be an old one: no helm repo update follows",
                fixes=(add_flag(added, "--force-update", "add --force-update", Grade.SAFE),),
                locations=(added.location,),
            )
