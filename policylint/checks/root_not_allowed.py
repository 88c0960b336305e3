"""A container is to run as root and as anything but root.

What happens: the kubelet does not start it: "container's runAsUser breaks non-root policy". The
pods stay in CreateContainerConfigError, and the rollout stops with the old ones running.

Why: runAsNonRoot is true and runAsUser is 0 for one container, in its own securityContext or the
pod's; the container's counts where both say something.

What to do instead: give runAsUser a number other than 0, or leave runAsNonRoot out.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import part
from policylint.kubernetes.api.workloads import containers, pod_template, template_path
from policylint.model import Category, Created, Fix, Kept, Object, Resource, Severity, Violation


@rule(category=Category.DOWNTIME, severity=Severity.ERROR)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """A container for which both are said, where that is new."""
    if isinstance(change, Kept) and not change.fields:
        return
    if isinstance(change, Kept):
        old = {name for _, name in _refused(change.before)}
    else:
        old = set()
    for path, name in _refused(change.after):
        if name not in old:
            yield Violation(
                message=f"the container {name} cannot start: it must not run as root, and runs so",
                because="the kubelet refuses runAsUser 0 where runAsNonRoot is true",
                path=path,
                after=0,
                fixes=(
                    Fix(
                        "run it as a user other than root",
                        steps=("set runAsUser to a user of the image, such as 1000",),
                        cost="a rolling restart; files that root wrote may need fsGroup",
                    ),
                    Fix(
                        "let it run as root",
                        steps=("remove runAsNonRoot from its securityContext",),
                        cost="a namespace that enforces the restricted level refuses such pods",
                    ),
                ),
            )


def _refused(resource: Resource) -> Iterator[tuple[str, str]]:
    """(pointer, name) of each container that the kubelet does not start."""
    template = pod_template(resource) or {}
    of_pod = part(template, "spec", "securityContext")
    for path, container in containers(template):
        context = {**of_pod, **_own_context(container)}
        if context.get("runAsNonRoot") is True and context.get("runAsUser") == 0:
            yield f"{template_path(resource.id.kind)}{path}", str(container.get("name"))


def _own_context(container: Object) -> Object:
    """What a container's own context says; null says nothing."""
    own = part(container, "securityContext")
    return {name: value for name, value in own.items() if value is not None}
