"""A template asks the cluster what nobody told policylint.

What happens: the render that is judged may not be the one that Helm makes: objects come or go, or
take another API version, with the cluster that the upgrade runs against.

Why: a template tests .Capabilities.APIVersions for a custom resource, or .Capabilities.KubeVersion
for a bound among the minors in use, and an offline render has only what it was told.

What to do instead: say what the cluster has: kubernetes and api-versions of the environment in
.policylint.yaml, or --kube-version and --api-versions. A list that names the core version v1 too is
taken for all that the cluster has. Where the answer decides the verdict, it is unknown until then.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.helm.values.capabilities import ClusterQuestions, unanswered
from policylint.model import Category, Confidence, Fix, Severity, Violation
from policylint.runtime.sentences import first_of


@rule(category=Category.PRACTICE, severity=Severity.NOTE, confidence=Confidence.DEPENDS)
def check(questions: ClusterQuestions, context: Context) -> Iterator[Violation]:
    """One note for all that the chart and its subcharts ask and the run cannot answer."""
    open_questions = list(unanswered(questions))
    if open_questions:
        asked = list(dict.fromkeys(question.asked for question in open_questions))
        places = {
            question.location.file: question.location for question in reversed(open_questions)
        }
        yield Violation(
            message=f"what is rendered depends on the cluster: templates ask for {first_of(asked)}",
            because="the run was not told whether the cluster has it",
            before=asked,
            locations=tuple(sorted(places.values(), key=lambda place: place.file))[:3],
            fixes=(
                Fix(
                    "say what the cluster has: --kube-version and --api-versions, "
                    "or the environment's keys"
                ),
            ),
        )
