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
from policylint.runtime.sentences import first_of

_WEBHOOKS = ("MutatingWebhookConfiguration ", "ValidatingWebhookConfiguration ")
_SHOWN = 3
"""Names that are written out; of more objects their number is told too."""

_FIX = Fix("give the value, or generate it only where lookup finds no live Secret")

Places = dict[str, list[Unsteady]]
"""The unsteady places of each object ("Secret web")."""


@rule(category=Category.DOWNTIME, severity=Severity.NOTE, confidence=Confidence.DEPENDS)
def check(render: UnsteadyRender, context: Context) -> Iterator[Violation]:
    """Objects whose two renders from the same values differ: each webhook by itself, Secrets and
    the pods that restart with them together, since they have one cause."""
    unsteady: Places = {}
    restarting = render.restarting
    for place in render.places:
        if place.resource.startswith(("Secret ", *_WEBHOOKS)) or place.resource in restarting:
            unsteady.setdefault(place.resource, []).append(place)
    secrets: Places = {}
    workloads: Places = {}
    for resource, places in unsteady.items():
        if resource.startswith(_WEBHOOKS):
            yield _webhook(resource, places)
        elif resource.startswith("Secret "):
            secrets[resource] = places
        else:
            workloads[resource] = places
    if secrets or workloads:
        yield _together(secrets, workloads)


def _webhook(resource: str, places: list[Unsteady]) -> Violation:
    return Violation(
        message=f"{resource} trusts a new CA at every upgrade, and its backend serves the old "
        "certificate until its pods restart",
        because=f"{_differ({resource: places})}; until then the API server refuses what the "
        "webhook covers",
        path=places[0].path,
        severity=Severity.WARNING,
        locations=_locations({resource: places}),
        fixes=(_FIX,),
    )


def _together(secrets: Places, workloads: Places) -> Violation:
    unsteady = secrets | workloads
    because = _differ(unsteady)
    if secrets:
        because += (
            "; only a lookup of the live Secret could keep it, and an offline render has none"
        )
    return Violation(
        message=_message(secrets, workloads),
        because=because,
        path=next(iter(unsteady.values()))[0].path if len(unsteady) == 1 else "",
        locations=_locations(unsteady),
        fixes=(_FIX,),
    )


def _message(secrets: Places, workloads: Places) -> str:
    pods = f"the pods of {first_of(list(workloads), _SHOWN)} restart"
    if not secrets:
        return f"{pods} at every upgrade"
    verb = "is" if len(secrets) == 1 else "are"
    message = f"{first_of(list(secrets), _SHOWN)} {verb} generated anew at every upgrade"
    if workloads:
        message += f", and {pods} each time"
    return message


def _differ(objects: Places) -> str:
    places = [place.path for places in objects.values() for place in places]
    return f"two renders of the same values differ at {first_of(places, _SHOWN)}"


def _locations(objects: Places) -> tuple[Location, ...]:
    locations = []
    for resource, places in objects.items():
        locations.append(Location("rendered", places[0].template, key=resource))
    return tuple(locations)
