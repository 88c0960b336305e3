"""The releases of both revisions of a repository, paired.

A release is known by cluster or environment, namespace and name, whichever tool declares it: one
that is gone is uninstalled, a new one installed.
"""

from __future__ import annotations

from msgspec import Struct

from policylint.scan.gitops.model import Declarations, Declared


class Pair(Struct, frozen=True):
    """A release as both revisions declare it; None where one does not."""

    before: Declared | None
    after: Declared | None
    is_uninstalled: bool = False
    """Whether the tool is told to uninstall it now."""

    @property
    def declared(self) -> Declared:
        """As it is declared now, else as it was."""
        release = self.after or self.before
        if release is None:
            raise ValueError("a pair has a side")
        return release


def paired(before: Declarations, after: Declarations) -> list[Pair]:
    """The releases of both revisions: those of now in their order, then those that are gone."""
    then, now = _keyed(before), _keyed(after)
    pairs = [Pair(then.get(key), release) for key, release in now.items()]
    told = {release.key for release in after.releases if release.is_absent}
    gone = [(key, release) for key, release in then.items() if key not in now]
    return pairs + [Pair(release, None, key in told) for key, release in gone]


def _keyed(side: Declarations) -> dict[tuple[str, ...], Declared]:
    """The releases by their key; several of one key are told apart by their order."""
    releases: dict[tuple[str, ...], Declared] = {}
    for release in side.releases:
        if release.is_absent:
            continue
        key, number = release.key, 1
        while key in releases:
            number += 1
            key = (*release.key, str(number))
        releases[key] = release
    return releases


def stays(pair: Pair) -> bool:
    """Whether a release that is no longer declared is left in the cluster: nothing prunes it."""
    return pair.after is None and not pair.is_uninstalled and not _prunes(pair.declared)


def _prunes(release: Declared) -> bool:
    return release.settings.get("prune") is not False
