"""How the tool that declares a release rolls it out: what it does otherwise than `helm upgrade`."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from policylint.model import Json, Location

PRUNE_OFF = "Prune=false"
_SYNC_OPTIONS = "argocd.argoproj.io/sync-options"


class Rollout(Struct, frozen=True):
    """One release's rollout by its tool; `settings` are the tool's own words, as its module in this
    package collects them."""

    tool: str
    settings: Mapping[str, Json]
    place: Location

    @property
    def is_synced(self) -> bool:
        """Whether Argo CD applies it."""
        return self.tool == "argocd"

    @property
    def is_client_side(self) -> bool:
        """Whether Argo CD sends client-side patches, with the whole object in an annotation."""
        options = ("sync.serverSideApply", "sync.replace")
        return self.is_synced and not any(self.settings.get(option) for option in options)

    @property
    def keeps_definitions(self) -> bool:
        """Whether definitions that leave a chart's crds/ stay: Flux replaces and deletes none
        (helm-controller, internal/action/crds.go)."""
        return self.tool == "flux"

    def keeps(self, annotations: Mapping[str, Json]) -> bool:
        """Whether an object with these annotations stays in the cluster once it is no longer
        rendered. Where a person syncs, pruning is that person's choice, and counts."""
        if not self.is_synced:
            return False
        options = str(annotations.get(_SYNC_OPTIONS) or "").split(",")
        is_automated = self.settings.get("sync.automated") is True
        prunes = self.settings.get("sync.prune") is True or not is_automated
        return not prunes or PRUNE_OFF in [option.strip() for option in options]
