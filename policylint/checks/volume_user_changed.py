"""The pods write to their volume as another user.

What happens: the program cannot read or write the files that it has on the volume: "permission
denied", and the pod does not start.

Why: runAsUser of a workload with a claim changes, and no fsGroup lets the kubelet hand the files
over; or the fsGroup that did so is gone.

What to do instead: keep the user; or set fsGroup (with fsGroupChangePolicy: OnRootMismatch), or
change the owner of the files in an init container that runs as root.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import at, part
from policylint.kubernetes.api.volumes import lasting_mounts
from policylint.kubernetes.api.workloads import containers, pod_template, template_path
from policylint.model import Category, Confidence, Fix, Kept, Object, Resource, Severity, Violation


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.LIKELY)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """The user of a container that mounts a claim, or the group of the pod's volumes, is another
    one, and nothing hands the files over."""
    before, after = pod_template(change.before), pod_template(change.after)
    if before is None or after is None or not change.fields or _group(after) is not None:
        return
    keeping = _mounting(change.before) & _mounting(change.after)
    root = template_path(change.id.kind)
    if keeping and _group(before) is not None:
        path = f"{root}/spec/securityContext/fsGroup"
        yield _violation("the pods", "fsGroup", path, (_group(before), None))
    elif keeping:
        yield from _users(before, after, keeping, root)


def _mounting(workload: Resource) -> set[str]:
    return {mount.container for mount in lasting_mounts(workload)}


def _users(before: Object, after: Object, keeping: set[str], root: str) -> Iterator[Violation]:
    old = {str(body.get("name")): _user(before, body) for _, body in containers(before)}
    for path, container in containers(after):
        name = str(container.get("name"))
        was, becomes = old.get(name), _user(after, container)
        if name in keeping and was is not None and becomes not in (was, 0):
            where = f"{root}{path}/securityContext/runAsUser"
            yield _violation(f"container {name}", "runAsUser", where, (was, becomes))


def _group(template: Object) -> object:
    return at(template, "spec", "securityContext", "fsGroup")


def _user(template: Object, container: Object) -> object:
    """runAsUser of a container, or of its pod; root may read what anybody wrote."""
    own = part(container, "securityContext").get("runAsUser")
    if own is None:
        return at(template, "spec", "securityContext", "runAsUser")
    return own


def _violation(who: str, field: str, path: str, sides: tuple[object, object]) -> Violation:
    was, becomes = sides
    if becomes is not None:
        now = f"user {becomes}"
    else:
        now = "the image's own user"
    message = f"{who} can no longer write to the claim as user {was} did: it runs as {now}"
    because = "the files on the volume belong to the old user, and no fsGroup hands them over"
    if field == "fsGroup":
        message = f"{who} can no longer write to the claim as members of group {was}"
        because = "the kubelet gave the files to fsGroup, and does so no more for new ones"
    return Violation(
        message=message,
        because=because,
        path=path,
        before=was,
        after=becomes,
        fixes=(
            Fix(f"keep {field}: {was}"),
            Fix(
                "set fsGroup in the pod's securityContext, with "
                "fsGroupChangePolicy: OnRootMismatch",
                cost="the first start takes long on a volume with many files",
            ),
        ),
    )
