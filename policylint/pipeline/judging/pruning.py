"""What of a change the tool does not do: objects that nothing prunes stay."""

from __future__ import annotations

from collections.abc import Iterable

from policylint.model import Change, Deleted
from policylint.scan.gitops.rollout import Rollout


def without_kept(changes: Iterable[Change], rollout: Rollout | None) -> tuple[Change, ...]:
    """The changes without the deletions that the release's own tool leaves out."""
    if rollout is None:
        return tuple(changes)
    return tuple(change for change in changes if not _stays(change, rollout))


def _stays(change: Change, rollout: Rollout) -> bool:
    if not isinstance(change, Deleted):
        return False
    if rollout.keeps_definitions and _is_of_crds(change):
        return True
    metadata = change.before.body.get("metadata")
    if isinstance(metadata, dict):
        annotations = metadata.get("annotations")
    else:
        annotations = None
    return rollout.keeps(annotations if isinstance(annotations, dict) else {})


def _is_of_crds(change: Deleted) -> bool:
    """Whether it is a definition of a chart's crds/."""
    is_definition = change.id.kind == "CustomResourceDefinition"
    return is_definition and "/crds/" in f"/{change.before.origin.file}"
