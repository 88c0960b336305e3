"""An environment variable is given twice.

What happens: today the later value wins. When one of the two is removed, Helm 3's patch removes
both, and the variable is gone; with Helm 4's server-side apply the whole object is refused.

Why: the API server keeps env as a list, but patches treat it as a map by name.

What to do instead: keep one of the two, in the chart or in the values that add the other.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import parts, text
from policylint.kubernetes.api.workloads import containers, pod_template, template_path
from policylint.model import Apply, Category, Created, Fix, Kept, Severity, Violation


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """A workload names a variable twice in one container; under server-side apply the forecast
    refuses it."""
    if context.target.apply is Apply.SERVER_SIDE:
        return
    for path, container in containers(pod_template(change.after) or {}):
        seen: set[str] = set()
        for index, variable in enumerate(parts(container, "env")):
            name = text(variable, "name")
            if name and name in seen:
                yield Violation(
                    message=f"{name} is given twice: removing one of the two later removes both",
                    path=f"{template_path(change.id.kind)}{path}/env/{index}/name",
                    after=name,
                    fixes=(Fix("keep one of the two"),),
                )
            seen.add(name)
