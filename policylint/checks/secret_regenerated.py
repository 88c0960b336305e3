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


@rule(category=Category.DOWNTIME, severity=Severity.NOTE, confidence=Confidence.DEPENDS)
def check(render: UnsteadyRender, context: Context) -> Iterator[Violation]:
    """Secrets, and pod templates, whose two renders from the same values differ; one violation for
    each object."""
    unsteady: dict[str, list[Unsteady]] = {}
    for place in render.places:
        if place.resource.startswith("Secret ") or _restarts(place):
            unsteady.setdefault(place.resource, []).append(place)
    for resource, places in unsteady.items():
        paths = ", ".join(place.path for place in places)
        pods = not resource.startswith("Secret ")
        yield Violation(
            message=f"the pods of {resource} restart at every upgrade"
            if pods
            else f"{resource} is generated anew at every upgrade",
            because=f"two renders of the same values differ at {paths}"
            + (
                ""
                if pods
                else "; only a lookup of the live Secret could keep it, "
                "and an offline render has none"
            ),
            path=places[0].path,
            locations=(Location("rendered", places[0].template, key=resource),),
            fixes=(Fix("give the value, or generate it only where lookup finds no live Secret"),),
        )


def _restarts(place: Unsteady) -> bool:
    return place.resource.startswith(TEMPLATED) and place.path.startswith("/spec/template")
