"""What a workload keeps beyond its pods: claims, claim templates, and where containers mount
them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set

from msgspec import Struct

from policylint.kubernetes.api.reading import at, part, parts, text
from policylint.kubernetes.api.workloads import containers, pod_template, template_path
from policylint.model import Json, Manifest, Object, Resource, ResourceId

ONE_POD = "ReadWriteOncePod"
"""The access mode of a claim that one pod may have at a time."""


class Mount(Struct, frozen=True):
    """Where a container has a volume that outlives its pods; `path` is the pointer of the mount."""

    container: str
    volume: str
    mount_path: str
    sub_path: str
    path: str
    read_only: bool = False


def claim_templates(resource: Resource) -> Mapping[str, Object]:
    """The claim templates of a StatefulSet by name; none for other kinds."""
    if resource.id.kind != "StatefulSet":
        return {}
    return {
        str(part(template, "metadata").get("name")): template
        for template in parts(resource.body, "spec", "volumeClaimTemplates")
    }


def ordinals(resource: Resource) -> range:
    """The ordinals of a StatefulSet's pods, as rendered."""
    first = at(resource.body, "spec", "ordinals", "start")
    count = at(resource.body, "spec", "replicas")
    start = first if isinstance(first, int) else 0
    return range(start, start + (count if isinstance(count, int) else 1))


def claim_names(resource: Resource, numbers: range | None = None) -> list[str]:
    """The claims that the controller makes from the templates, for all pods or those named."""
    if numbers is None:
        numbers = ordinals(resource)
    templates = claim_templates(resource)
    return [f"{name}-{resource.id.name}-{number}" for name in templates for number in numbers]


def claimed(resource: Resource) -> dict[str, str]:
    """The claim behind each of a workload's volumes, by the volume's name; that of a claim template
    is named like the template."""
    claims = {
        text(volume, "name"): claim
        for volume in parts(pod_template(resource) or {}, "spec", "volumes")
        if (claim := text(part(volume, "persistentVolumeClaim"), "claimName"))
    }
    return claims | {name: name for name in claim_templates(resource)}


def claims_of(resource: Resource) -> list[ResourceId]:
    """The claims that all pods of a workload share: those of its claim templates are not among
    them."""
    templates = claim_templates(resource)
    return [
        ResourceId("", "PersistentVolumeClaim", resource.id.namespace, claim)
        for volume, claim in claimed(resource).items()
        if volume not in templates
    ]


def is_for_one(modes: Set[str]) -> bool:
    """Whether one node, or one pod, may have a claim of these access modes at a time; False where
    they are not known."""
    return bool(modes) and modes <= {"ReadWriteOnce", ONE_POD}


def access_modes(side: Manifest, claim: ResourceId) -> set[str]:
    """The access modes of a claim of this side, none where it is somebody else's."""
    if claim not in side.resources:
        return set()
    modes = at(side.resources[claim].body, "spec", "accessModes")
    if isinstance(modes, list):
        return {str(mode) for mode in modes}
    return set()


def lasting_mounts(resource: Resource, *, with_init: bool = False) -> Iterator[Mount]:
    """Where a workload's containers mount claims; those of init containers where they count too."""
    template = pod_template(resource)
    if template is None:
        return
    claims = claimed(resource)
    root = template_path(resource.id.kind)
    for path, container in containers(template):
        if "/initContainers/" in path and not with_init:
            continue
        for index, mount in enumerate(parts(container, "volumeMounts")):
            if text(mount, "name") in claims:
                yield _mount(container, mount, f"{root}{path}/volumeMounts/{index}")


def _mount(container: Object, mount: Object, path: str) -> Mount:
    return Mount(
        str(container.get("name", "")),
        str(mount.get("name")),
        _folder(mount.get("mountPath")),
        _folder(mount.get("subPath") or mount.get("subPathExpr")),
        path,
        mount.get("readOnly") is True,
    )


def _folder(value: Json) -> str:
    """A path as the container runtime takes it, without a slash at its end."""
    path = value if isinstance(value, str) else ""
    return path.rstrip("/") or path


def changed_mounts(before: Resource, after: Resource) -> Iterator[tuple[Mount, Mount | None]]:
    """(mount of a claim before, what takes its place) of each that the after side does not have.

    Containers are not compared: a sidecar renamed is no change. What takes the place is the mount
    of a claim at the same path, else another mount of the same claim; None where there is neither.
    """
    old_claims, new_claims = claimed(before), claimed(after)
    new_mounts = list(lasting_mounts(after))
    still = {_place(mount, new_claims) for mount in new_mounts}
    told = set()
    for mount in lasting_mounts(before):
        place = _place(mount, old_claims)
        if place not in still and place not in told:
            told.add(place)
            claim = old_claims[mount.volume]
            yield mount, _successor(mount, claim, new_mounts, new_claims)


def _place(mount: Mount, claims: Mapping[str, str]) -> tuple[str, str, str]:
    return claims[mount.volume], mount.mount_path, mount.sub_path


def _successor(
    mount: Mount, claim: str, new_mounts: list[Mount], new_claims: Mapping[str, str]
) -> Mount | None:
    for later in new_mounts:
        if later.mount_path == mount.mount_path:
            return later
    return next((later for later in new_mounts if new_claims[later.volume] == claim), None)
