"""A container may do what its node may.

What happens: whoever breaks into the container has the node, and with it every pod and Secret
there; a namespace with Pod Security Standards refuses the pod.

Why: privileged, a capability like SYS_ADMIN, the processes of the node (hostPID, hostIPC) or the
socket of its container runtime are new in the pod template.

What to do instead: give the one capability or device that is needed.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import at, items, part, parts, text
from policylint.kubernetes.api.safeguards import kept_containers
from policylint.kubernetes.api.workloads import pod_template, template_path
from policylint.model import Category, Fix, Kept, Object, Resource, Severity, Violation

STRONG = {"ALL", "SYS_ADMIN", "SYS_PTRACE", "SYS_MODULE", "NET_ADMIN", "DAC_READ_SEARCH", "BPF"}
SHARED = ("hostPID", "hostIPC")
SOCKETS = ("docker.sock", "containerd.sock", "crio.sock")


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """Rights over the node that only the after side has."""
    for container in kept_containers(change):
        gained = _rights(container.after) - _rights(container.before)
        if gained:
            yield _violation(
                f"container {container.name} gets rights over its node",
                f"{', '.join(sorted(gained))} is new",
                f"{container.path}/securityContext",
            )
    if change.fields and pod_template(change.after) is not None:
        gained = _of_pod(change.after) - _of_pod(change.before)
        if gained:
            yield _violation(
                f"the pods of {change.id} may look into their node",
                f"{', '.join(sorted(gained))} is new",
                f"{template_path(change.id.kind)}/spec",
            )


def _violation(message: str, because: str, path: str) -> Violation:
    fix = Fix("give the one capability, device or mount that is needed, or leave it out")
    return Violation(message, because, path=path, fixes=(fix,))


def _rights(container: Object) -> set[str]:
    context = part(container, "securityContext")
    added = {str(name).removeprefix("CAP_") for name in items(at(context, "capabilities", "add"))}
    privileged = {"privileged"} if context.get("privileged") is True else set()
    return (added & STRONG) | privileged


def _of_pod(workload: Resource) -> set[str]:
    spec = part(pod_template(workload) or {}, "spec")
    shared = {name for name in SHARED if spec.get(name) is True}
    mounted = (text(part(volume, "hostPath"), "path") for volume in parts(spec, "volumes"))
    return shared | {path for path in mounted if path.endswith(SOCKETS)}
