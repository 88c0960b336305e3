"""The resource of a database or a storage operator is deleted.

What happens: the operator deletes what it made for the resource: the pods, and with most operators
the claims with the data. A deleted VolumeSnapshot takes its backup with it where the class says
Delete.

Why: the chart no longer renders the resource, or renders it under another name.

What to do instead: keep the name, or annotate the live resource with helm.sh/resource-policy: keep
before the upgrade; take a backup first in any case.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.commands import named
from policylint.kubernetes.api.databases import holds_data
from policylint.kubernetes.forecast.impact import KEEP, is_kept
from policylint.model import Category, Confidence, Deleted, Fix, Severity, Violation


@rule(category=Category.DATA_LOSS, severity=Severity.ERROR, confidence=Confidence.LIKELY)
def check(change: Deleted, context: Context) -> Iterator[Violation]:
    """A custom resource of the table goes, without a keep policy."""
    if not holds_data(change.id) or is_kept(change.before):
        return
    yield Violation(
        message=f"this upgrade deletes {change.id}, and its operator the data behind it",
        because="Helm deletes what a release no longer renders, "
        "and the operator what it made for it",
        fixes=(
            Fix(
                "keep it",
                steps=(
                    f"kubectl annotate {named(change.id)} {KEEP}=keep",
                    "run the upgrade; it stays, without an owner",
                ),
                cost="none: it stays until somebody deletes it",
            ),
        ),
    )
