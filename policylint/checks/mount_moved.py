"""A claim is mounted elsewhere, another folder of it, or for reading only.

What happens: the program looks for its data where it was, and starts on an empty directory; the
data is still in the claim, at a place that the program does not look at.

Why: mountPath, subPath or readOnly of the mount changed, or the variable that names the data
directory.

What to do instead: keep both, or move the data within the claim while the workload is stopped;
where the new image looks at the new path, and the folder stays the same, it is right as it is.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.databases import DATA_DIRECTORIES
from policylint.kubernetes.api.reading import parts
from policylint.kubernetes.api.volumes import Mount, changed_mounts, claimed, lasting_mounts
from policylint.kubernetes.api.workloads import containers, pod_template, template_path
from policylint.model import Category, Confidence, Fix, Kept, Resource, Severity, Violation


@rule(category=Category.DATA_LOSS, severity=Severity.WARNING, confidence=Confidence.LIKELY)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """The same claim under another mountPath or with another subPath."""
    if not change.fields:
        return
    old_claims, new_claims = claimed(change.before), claimed(change.after)
    for mount, successor in changed_mounts(change.before, change.after):
        if successor is None or old_claims[mount.volume] != new_claims[successor.volume]:
            continue
        yield _moved(mount, successor, old_claims[mount.volume])
    yield from _locked(change)
    yield from _directories(change)


def _locked(change: Kept) -> Iterator[Violation]:
    """Mounts that could be written to and can no more."""
    claims = claimed(change.after)
    written = {
        (mount.container, mount.mount_path)
        for mount in lasting_mounts(change.before)
        if not mount.read_only
    }
    for mount in lasting_mounts(change.after):
        if mount.read_only and (mount.container, mount.mount_path) in written:
            yield Violation(
                message=f"container {mount.container} can no longer write to {mount.mount_path}, "
                f"the claim {claims[mount.volume]}",
                because="the mount turns to readOnly in this upgrade",
                path=f"{mount.path}/readOnly",
                before=False,
                after=True,
                fixes=(Fix("leave readOnly out, as before"),),
            )


def _directories(change: Kept) -> Iterator[Violation]:
    """Variables that name another data directory of a container with a claim."""
    keeping = {mount.container for mount in lasting_mounts(change.after)}
    old = dict(_variables(change.before))
    for (container, name), (value, path) in _variables(change.after):
        default = DATA_DIRECTORIES[name]
        if (container, name) in old:
            was = old[container, name][0]
        else:
            was = default
        if container in keeping and was and value != was:
            yield Violation(
                message=f"container {container} looks for its data in {value}, not in {was}",
                because=f"{name} names the directory of the files, and nothing moves them",
                path=path,
                before=was,
                after=value,
                fixes=(Fix(f"keep {name} at {was}"),),
            )


def _variables(resource: Resource) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """((container, variable), (value, pointer)) of each data directory that is named."""
    template = pod_template(resource)
    if template is None:
        return
    root = template_path(resource.id.kind)
    for path, container in containers(template):
        for index, variable in enumerate(parts(container, "env")):
            name, value = str(variable.get("name")), variable.get("value")
            if name in DATA_DIRECTORIES and isinstance(value, str):
                pointer = f"{root}{path}/env/{index}/value"
                yield (str(container.get("name")), name), (value.rstrip("/"), pointer)


def _moved(mount: Mount, successor: Mount, claim: str) -> Violation:
    if successor.mount_path != mount.mount_path:
        field, old, new = "mountPath", mount.mount_path, successor.mount_path
        message = f"the data of the claim {claim} moves from {old} to {new} in the container"
        because = "a program that still looks at the old path starts on an empty directory"
    else:
        field, old, new = "subPath", mount.sub_path, successor.sub_path
        message = (
            f"{mount.mount_path} shows {_folder(new)} of the claim {claim}, not {_folder(old)}"
        )
        because = "what was written until now stays where it was; the other folder is empty"
    return Violation(
        message=message,
        because=because,
        path=f"{successor.path}/{field}",
        before=old or None,
        after=new or None,
        fixes=(Fix(f"keep {field} as it is" if old else f"leave {field} out, as before"),),
    )


def _folder(sub_path: str) -> str:
    if sub_path:
        return f"the folder {sub_path}"
    return "the root"
