"""A sync that renders nothing deletes everything.

What happens: when the source renders no object (a wrong path, an empty values file, a generator
that failed), Argo CD deletes every object of the application by itself.

Why: syncPolicy.automated has allowEmpty: true beside prune: true, which takes that guard away.

What to do instead: leave allowEmpty out, and delete an application on purpose by deleting the
Application.

Source: docs/user-guide/auto_sync.md of argoproj/argo-cd ("Automatic Pruning with Allow-Empty").
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Fix, Grade, Severity, Violation
from policylint.scan.invocations.edits import only
from policylint.scan.invocations.model import Invocation
from policylint.scan.repository.declaredfields import automated


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """Both settings are true, and automated sync is not switched off."""
    policy = automated(invocation)
    if policy and all(
        (switch := policy.get(name)) and switch.boolean for name in ("prune", "allowEmpty")
    ):
        edit = only(invocation, rb"(allowEmpty:[ \t]*)true\b", "false")
        title = "leave the guard on: allowEmpty: false"
        yield Violation(
            message="an empty render deletes every object of the application",
            because="allowEmpty is true, and prune too",
            fixes=(Fix(title, Grade.UNSAFE, (), (edit,)) if edit else Fix(title),),
        )
