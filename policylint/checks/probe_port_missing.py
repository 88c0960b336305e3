"""A probe asks a port that its container does not name.

What happens: the kubelet cannot resolve the port, so the probe fails: the pod never becomes ready,
or is restarted for ever.

Why: the probe names a port, and the container has no port of that name any more.

What to do instead: rename the port and the probe's port together, or use the number.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import at, parts, text
from policylint.kubernetes.api.workloads import containers, pod_template, template_path
from policylint.model import Category, Created, Fix, Kept, Object, Resource, Severity, Violation

PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
HANDLERS = ("httpGet", "tcpSocket")


@rule(category=Category.DOWNTIME, severity=Severity.ERROR)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """A named probe port that the container does not have, where the object is new or was in order
    before."""
    if isinstance(change, Kept) and not change.fields:
        return
    if isinstance(change, Kept):
        old = {name for _, name, _ in _unmet(change.before)}
    else:
        old = set()
    for path, name, probe in _unmet(change.after):
        if name not in old:
            yield Violation(
                message=f"the {probe} asks the port {name}, which the container does not have",
                because="the kubelet looks the name up among the container's own ports",
                path=path,
                after=name,
                fixes=(Fix("name the container port so, or use its number in the probe"),),
            )


def _unmet(resource: Resource) -> Iterator[tuple[str, str, str]]:
    """(pointer, port name, probe) of each probe whose named port the container lacks."""
    template = pod_template(resource)
    if template is None:
        return
    for where, container in containers(template):
        names = {text(port, "name") for port in parts(container, "ports")}
        for probe in PROBES:
            for handler in HANDLERS:
                port = _named(container, probe, handler)
                if port and port not in names:
                    yield (
                        f"{template_path(resource.id.kind)}{where}/{probe}/{handler}/port",
                        port,
                        probe,
                    )


def _named(container: Object, probe: str, handler: str) -> str:
    port = at(container, probe, handler, "port")
    if isinstance(port, str) and not port.isdigit():
        return port
    return ""
