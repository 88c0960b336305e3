"""What a finding is about, told without the place where it stands: for its fingerprint.

Lines move, list items are reordered and files are renamed while the matter stays the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from policylint.model import Deleted, Json, Location, Object, Resource, ResourceId, Upgrade
from policylint.runtime.pointers import below, unescaped

_NAMING = (
    *("name", "containerPort", "port", "mountPath", "devicePath", "key", "ip", "hostPort"),
    *("topologyKey", "uid", "type", "host", "path", "secretName", "kind"),
)
"""The keys that name an item of a list, the surest first. Kubernetes' own list keys
(x-kubernetes-patch-merge-key) come before those that people use in custom resources."""


def about(
    subject: object, resource: ResourceId | None, path: str, locations: Sequence[Location]
) -> str:
    """What tells a finding apart from others of its rule on its resource.

    The field, items of lists by their keys; without a resource the words of a command
    (`identity` of the subject), else the key that its place names.
    """
    if resource is not None:
        return _field(path, _bodies(subject, resource))
    identity = getattr(subject, "identity", "")
    key = locations[0].key if locations else ""
    return " ".join(filter(None, (str(identity), key, path)))


def _bodies(subject: object, resource: ResourceId) -> list[Object]:
    """The objects that a path may point into, the after side's first."""
    if isinstance(subject, Upgrade):
        sides = (subject.after, subject.before)
        resources = [side.resources.get(resource) or side.hooks.get(resource) for side in sides]
    else:
        if isinstance(subject, Deleted):
            names = ("before", "after")
        else:
            names = ("after", "before")
        resources = [getattr(subject, name, None) for name in names]
    return [
        side_resource.body for side_resource in resources if isinstance(side_resource, Resource)
    ]


def _field(path: str, bodies: Sequence[Object]) -> str:
    """A pointer whose steps into lists are keys; as it is where it leads nowhere."""
    for body in bodies:
        steps = _steps(path, body)
        if steps is not None:
            return "/".join(steps)
    return path


def _steps(path: str, body: Json) -> list[str] | None:
    """The steps of a pointer, None where it does not lead into the object; its last step may be
    one that the object lacks."""
    steps = [""]
    words = path.split("/")[1:]
    for number, word in enumerate(words, 1):
        is_item = isinstance(body, list)
        body = below(body, unescaped(word))
        steps.append(_item(body) if is_item else word)
        if body is None and number < len(words):
            return None
    return steps


def _item(item: Json) -> str:
    """An item of a list by its key; a plain one has none that is sure to be no secret."""
    if not isinstance(item, Mapping):
        return "[]"
    named = next((key for key in _NAMING if isinstance(item.get(key), str | int)), "")
    if named:
        return f"[{named}={item[named]}]"
    return "[]"
