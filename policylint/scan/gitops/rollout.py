"""How the tool that declares a release rolls it out: what it does otherwise than `helm upgrade`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from policylint.model import Json, Location

PRUNE_OFF = "Prune=false"
SYNC_OPTIONS = "argocd.argoproj.io/sync-options"
OWN_HOOK = "argocd.argoproj.io/hook"
"""Argo CD's own annotation of a hook, which wins over Helm's."""


def words_of(annotations: Mapping[str, Json], name: str) -> list[str]:
    """The words that an annotation lists, by commas."""
    return [word.strip() for word in str(annotations.get(name) or "").split(",")]


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

    @property
    def behaviour(self) -> tuple[str, ...]:
        """What the controller does with the release, in words; nothing for tools that are run by
        hand or by a pipeline."""
        if self.tool == "flux":
            return tuple(self._of_flux())
        if self.is_synced:
            return tuple(self._of_argo_cd())
        return ()

    def _of_flux(self) -> Iterator[str]:
        told = self.settings
        if told.get("suspended"):
            yield f"Flux rolls nothing out: {told['suspended']} is suspended"
        else:
            yield "Flux upgrades it once this is merged"
        yield f"a failed upgrade {self._remedied()}"
        if told.get("upgrade.force") is True:
            yield "objects are replaced, not patched (upgrade.force)"
        if told.get("upgrade.crds") == "CreateReplace":
            yield "the chart's CRDs are replaced (upgrade.crds)"
        else:
            yield f"the chart's CRDs stay as they are (upgrade.crds: {told.get('upgrade.crds')})"
        if told.get("driftDetection") == "enabled":
            yield "changes by hand are undone (driftDetection)"
        if told.get("prune") is True:
            yield "taken out of the repository, it is uninstalled (prune)"

    def _remedied(self) -> str:
        """What becomes of a failed upgrade (helm-controller, api/v2: without retries the last
        failure is not remediated unless that is asked for)."""
        remediation = self.settings.get("upgrade.remediation")
        asked = remediation if isinstance(remediation, dict) else {}
        strategy = str(asked.get("strategy") or "rollback")
        retries = asked.get("retries") or 0
        if self.settings.get("upgrade.strategy") == "RetryOnFailure":
            return "is tried again without a rollback (strategy RetryOnFailure)"
        if retries == -1:
            return f"is remediated ({strategy}) and tried again without end"
        if retries:
            return f"is remediated ({strategy}) and tried again, {retries} times at most"
        if asked.get("remediateLastFailure") is True:
            return f"is remediated ({strategy})"
        return "stays as it is, half-way: no remediation is set"

    def _of_argo_cd(self) -> Iterator[str]:
        told = self.settings
        if told.get("sync.automated") is True:
            yield "Argo CD syncs it once this is merged"
        else:
            yield "it waits for a person to sync it"
        if told.get("sync.prune") is True:
            yield "what is no longer rendered is deleted (prune)"
        elif told.get("sync.automated") is True:
            yield "what is no longer rendered stays in the cluster (no prune)"
        if told.get("sync.selfHeal") is True:
            yield "changes by hand are undone (selfHeal)"
        if told.get("sync.replace") is True:
            yield "objects are replaced, not patched (Replace=true)"
        elif told.get("sync.serverSideApply") is True:
            yield "objects are sent by server-side apply"
        if told.get("prune") is True:
            yield "deleting the Application deletes what it deployed (finalizer)"

    def keeps(self, annotations: Mapping[str, Json]) -> bool:
        """Whether an object with these annotations stays in the cluster once it is no longer
        rendered. Where a person syncs, pruning is that person's choice, and counts."""
        if not self.is_synced:
            return False
        is_automated = self.settings.get("sync.automated") is True
        prunes = self.settings.get("sync.prune") is True or not is_automated
        return not prunes or PRUNE_OFF in words_of(annotations, SYNC_OPTIONS)
