"""A program listens on another port than the one that it is asked on.

What happens: probes fail and the pods never get ready, or the Service sends to a port where nobody
answers.

Why: an argument, a variable or a setting in a text of configuration names another port, and the
ports of the container, its probes or the Service still name the old one.

What to do instead: change the port in all of these places together, or keep it.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import at, number, parts
from policylint.kubernetes.api.workloads import (
    behind,
    containers,
    pod_template,
    references,
    referred,
    workloads,
)
from policylint.kubernetes.settings.model import SettingChange
from policylint.kubernetes.settings.objects import holders
from policylint.model import (
    Category,
    Confidence,
    Fix,
    Json,
    Kept,
    Manifest,
    Resource,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)
from policylint.runtime.patterns import pattern

NAMES = ("port", "ports", "listen", "bind", "addr", "address", "listeners", "entrypoints", "host")
"""Words of settings that say where a program listens."""
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
HANDLERS = ("httpGet", "tcpSocket")
_PORT = pattern(r"(?:^|.*[:\s])([0-9]{2,5})(?:\s+(?:ssl|http2|default_server))*$")


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.LIKELY)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A setting that names a port which the pods are asked on, on both sides, and another one
    now that nothing asks."""
    kept = {change.id: change for change in upgrade.changes if isinstance(change, Kept)}
    for workload in workloads(upgrade.after):
        if workload.id not in kept:
            continue
        asked = _asked(kept[workload.id].before, upgrade.before) & _asked(workload, upgrade.after)
        for source in _sources(workload, kept):
            for holder in holders(source):
                for setting in holder.changes:
                    yield from _moved(setting, holder.where, workload, source.id, asked)


def _sources(workload: Resource, kept: dict[ResourceId, Kept]) -> list[Kept]:
    """The workload, and the ConfigMaps and Secrets that its pods read."""
    names = [referred(workload, reference) for reference in references(workload)]
    return [kept[identity] for identity in (workload.id, *dict.fromkeys(names)) if identity in kept]


def _moved(
    setting: SettingChange, where: str, workload: Resource, source: ResourceId, asked: set[int]
) -> Iterator[Violation]:
    if set(setting.words.split()).isdisjoint(NAMES):
        return
    before, after = _port(setting.before), _port(setting.after)
    if before in asked and after is not None and after not in asked:
        yield Violation(
            message=f"nobody answers on port {before} of {workload.id}, which its probes, its "
            f"container or a Service name: {setting.name} in {where} is {after} now",
            because="the process listens where this setting says",
            path=setting.path,
            before=before,
            after=after,
            resource=source,
            fixes=(
                Fix(f"keep {setting.name} at {before} in {where}"),
                Fix(f"else name {after} in the container's ports, its probes and the Service too"),
            ),
        )


def _port(values: tuple[str, ...] | None) -> int | None:
    """The port of an address, or a port alone."""
    port = _PORT.match(values[0]) if values and len(values) == 1 else None
    return int(port[1]) if port else None


def _asked(workload: Resource, side: Manifest) -> set[int]:
    """The numbers of ports that containers declare, probes ask, and Services send to."""
    asked: list[Json] = list(_sent_to(workload, side))
    for _, container in containers(pod_template(workload) or {}):
        asked += [number(port, "containerPort") for port in parts(container, "ports")]
        for probe in PROBES:
            asked += [at(container, probe, handler, "port") for handler in HANDLERS]
    return {port for port in asked if isinstance(port, int)}


def _sent_to(workload: Resource, side: Manifest) -> Iterator[Json]:
    for service in side.resources.values():
        if service.id.kind == "Service" and workload in behind(service, side):
            yield from (port.get("targetPort") for port in parts(service.body, "spec", "ports"))
