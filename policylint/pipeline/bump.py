"""Whether a bump changes anything but the versions of images and what names a version."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.kubernetes.api.images import repository
from policylint.kubernetes.api.schemas import schemas
from policylint.kubernetes.manifests.diff import changes
from policylint.model import Change, FieldChange, Json, Kept, Manifest, Outcome, Upgrade
from policylint.runtime.patterns import pattern
from policylint.runtime.pointers import unescaped

_IMAGE = pattern(r"/spec(/jobTemplate/spec)?(/template/spec)?/(initC|c)ontainers/\d+/image\Z")
_NAMES_A_VERSION = pattern(
    r".*/(labels|annotations)/"
    r"(?P<key>helm\.sh~1chart|app\.kubernetes\.io~1version|chart|version|checksum~1[^/]*)\Z"
)
"""Labels and annotations that every bump changes: what names the version, checksums."""


def is_routine(upgrade: Upgrade) -> bool:
    """Whether nothing changes but image versions and what names a version, and something does.

    Hooks count as well. An image of another repository is more than that, and so is a label that a
    selector looks at, and what the cluster refuses.
    """
    rows = [*upgrade.changes, *_hooks(upgrade)]
    fields = [field for change in rows if isinstance(change, Kept) for field in change.fields]
    if not fields or not all(_is_kept(change) for change in rows):
        return False
    return all(map(_is_routine, fields)) and not _is_selected(upgrade, fields)


def _hooks(upgrade: Upgrade) -> tuple[Change, ...]:
    before, after = (Manifest(side.hooks, {}, ()) for side in (upgrade.before, upgrade.after))
    return changes(before, after, schemas(upgrade.target.kubernetes))


def _is_kept(change: Change) -> bool:
    """Whether a resource is on both sides, and the cluster does not refuse it."""
    answer = change.forecast.upgrade
    is_refused = answer is not None and answer.outcome is Outcome.REJECTED
    return isinstance(change, Kept) and not is_refused


def _is_routine(field: FieldChange) -> bool:
    if _IMAGE.match(field.path):
        return repository(str(field.before)) == repository(str(field.after))
    return _NAMES_A_VERSION.match(field.path) is not None


def _is_selected(upgrade: Upgrade, fields: list[FieldChange]) -> bool:
    """Whether a selector looks at one of the labels that change."""
    matches = [_NAMES_A_VERSION.match(field.path) for field in fields]
    keys = {unescaped(match["key"]) for match in matches if match}
    resources = upgrade.after.resources.values()
    bodies = (resource.body for resource in resources if resource.may_hold(keys))
    return any(key in keys for body in bodies for key in _selecting(body))


def _selecting(body: Json, is_selector: bool = False) -> Iterator[str]:
    """The keys of labels that the selectors of an object name."""
    if isinstance(body, dict):
        for key, entry in body.items():
            if is_selector:
                yield str(entry) if key == "key" else key
            yield from _selecting(entry, is_selector or key.lower().endswith("selector"))
    elif isinstance(body, list):
        for entry in body:
            yield from _selecting(entry, is_selector)
