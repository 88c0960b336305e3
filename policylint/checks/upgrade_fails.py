"""Helm refuses to render the new side: the upgrade fails before anything is sent.

What happens: `helm upgrade` stops with the message that is shown here: the values do not meet the
chart's schema, a template calls `required` or `fail`, cannot be evaluated with these values, or
makes no YAML. Nothing in the cluster changes, and no revision is written.

Why: rendering asks nobody but the chart and its values, so what fails here fails there.

What to do instead: correct the value or the template that Helm names. Where a new version of the
chart wants other values, its upgrade notes say which.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.helm.render.failed import FailedRender
from policylint.model import Category, Fix, Location, Severity, Violation


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR)
def check(failure: FailedRender, context: Context) -> Iterator[Violation]:
    """Say what Helm says."""
    places = (Location("cause", failure.file, failure.line),) if failure.file else ()
    yield Violation(
        "helm upgrade fails before anything is sent",
        because=failure.words,
        locations=places,
        fixes=(Fix(failure.remedy),) if failure.remedy else (),
    )
