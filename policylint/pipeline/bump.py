"""Whether a bump changes anything but images and what names a version."""

from __future__ import annotations

from policylint.model import FieldChange, Kept, Upgrade
from policylint.runtime.patterns import pattern

_ROUTINE = pattern(
    r"(/spec(/jobTemplate/spec)?(/template/spec)?/(initC|c)ontainers/\d+/image"
    r"|.*/(labels|annotations)/"
    r"(helm\.sh~1chart|app\.kubernetes\.io~1version|chart|version|checksum~1[^/]*))\Z"
)
"""Fields that every bump changes: images, what names the version, checksums of configuration."""


def is_routine(upgrade: Upgrade) -> bool:
    """Whether nothing changes but images and what names a version, and something does."""
    changed = [change for change in upgrade.changes if not isinstance(change, Kept)]
    fields = [
        field for change in upgrade.changes if isinstance(change, Kept) for field in change.fields
    ]
    return not changed and bool(fields) and all(map(_is_routine, fields))


def _is_routine(field: FieldChange) -> bool:
    return field.noise or _ROUTINE.match(field.path) is not None
