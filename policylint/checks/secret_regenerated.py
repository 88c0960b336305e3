"""A Secret is generated anew at every upgrade.

What happens: each upgrade writes another password, key or certificate. What holds the old one (a
database that was initialised with it, a session, a client) is locked out, and pods that read it as
an environment variable keep the old one until they restart.

Why: the template calls a function whose result is another one each time (randAlphaNum, genCA,
htpasswd, now), and the value is not taken from the live Secret.

What to do instead: give the value (an existing Secret, a values key), or let the template read the
live Secret with lookup and generate only where there is none. Such places are in no diff and the
reason of no verdict: an offline render cannot see what lookup would find.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.helm.render.steady import Unsteady, UnsteadyRender
from policylint.model import Category, Confidence, Fix, Location, Severity, Violation

TEMPLATED = ("Deployment ", "StatefulSet ", "DaemonSet ")

WEBHOOKS = ("MutatingWebhookConfiguration ", "ValidatingWebhookConfiguration ")


@rule(category=Category.DOWNTIME, severity=Severity.NOTE, confidence=Confidence.DEPENDS)
def check(render: UnsteadyRender, context: Context) -> Iterator[Violation]:
    """Secrets, webhooks and pod templates whose two renders from the same values differ; one
    violation for each object."""
    unsteady: dict[str, list[Unsteady]] = {}
    for place in render.places:
        if place.resource.startswith(("Secret ", *WEBHOOKS)) or _restarts(place):
            unsteady.setdefault(place.resource, []).append(place)
    for resource, places in unsteady.items():
        paths = ", ".join(place.path for place in places)
        message, because = _consequence(resource)
        yield Violation(
            message=message,
            because=f"two renders of the same values differ at {paths}{because}",
            path=places[0].path,
            severity=Severity.WARNING if resource.startswith(WEBHOOKS) else None,
            locations=(Location("rendered", places[0].template, key=resource),),
            fixes=(Fix("give the value, or generate it only where lookup finds no live Secret"),),
        )


def _consequence(resource: str) -> tuple[str, str]:
    """(message, what to add to the reason) for an object that is another one each time."""
    if resource.startswith(WEBHOOKS):
        return (
            f"{resource} trusts a new CA at every upgrade, and its backend serves the old "
            "certificate until its pods restart",
            "; until then the API server refuses what the webhook covers",
        )
    if resource.startswith("Secret "):
        kept = "only a lookup of the live Secret could keep it, and an offline render has none"
        return f"{resource} is generated anew at every upgrade", f"; {kept}"
    return f"the pods of {resource} restart at every upgrade", ""


def _restarts(place: Unsteady) -> bool:
    return place.resource.startswith(TEMPLATED) and place.path.startswith("/spec/template")
