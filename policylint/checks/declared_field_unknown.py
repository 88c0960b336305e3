"""A declaration has a field that its kind does not know.

What happens: the setting has no effect. Flux and server-side apply stop with "field not declared in
schema", kubectl with "strict decoding error: unknown field", others drop it without a word.

Why: the field is misspelt, stands in the wrong place, or belongs to another version of the API.

What to do instead: write it as the kind spells it: kubectl explain helmrelease.spec.

Source: the CustomResourceDefinitions of Flux' helm-controller 1.6 (HelmRelease), Argo CD 3
(Application) and k3s (HelmChart).
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.errors import closest
from policylint.model import Category, Confidence, Fix, Location, Severity, Violation
from policylint.scan.invocations.model import Invocation
from policylint.scan.repository.declaredfields import declared, unknown_fields

TOOLS = ("flux", "argocd", "k3s")


@rule(category=Category.PRACTICE, severity=Severity.WARNING, confidence=Confidence.LIKELY)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """Fields below spec of a HelmRelease, Application, ApplicationSet's template or HelmChart."""
    if invocation.tool in TOOLS:
        root = declared(invocation)
    else:
        root = None
    for path, field, known in unknown_fields(root) if root else ():
        close = closest(path[-1], known)
        where = Location(
            "command", invocation.file, field.line, field.column, invocation.release or ""
        )
        yield Violation(
            message=f"{'.'.join(path)} is no field of {root.string('kind') if root else ''}: "
            "it has no effect",
            before=".".join(path),
            locations=(where,),
            fixes=(Fix(f"write {close}" if close else "remove it, or put it where it belongs"),),
        )
