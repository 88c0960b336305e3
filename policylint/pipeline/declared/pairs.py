"""The releases of both revisions of a repository, paired.

A release is known by cluster or environment, namespace and name, whichever tool declares it: one
that is gone is uninstalled, a new one installed.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from policylint.scan.gitops.model import Declarations, Declared

_STRATEGY = "upgrade.chartNameChangeStrategy"
_REINSTALL = "Reinstall"


class Pair(Struct, frozen=True):
    """A release as both revisions declare it; None where one does not."""

    before: Declared | None
    after: Declared | None
    is_uninstalled: bool = False
    """Whether the tool is told to uninstall it now."""
    moved: tuple[str, str] | None = None
    """(namespace that it leaves, namespace that it goes to), of both halves of a release that
    moves."""
    reinstalled: str = ""
    """Why the tool uninstalls it and installs it anew, of both halves of such a release."""

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
    pairs += [Pair(release, None, key in told) for key, release in gone]
    return _as_rolled_out(_with_moves(_with_targets(pairs)))


def _as_rolled_out(pairs: list[Pair]) -> list[Pair]:
    """The pairs as the tool rolls them out: reinstalled ones in halves, without those that nothing
    applies."""
    judged = [pair for pair in pairs if not _is_put_aside(pair)]
    return [half for pair in judged for half in _halves(pair)]


def _is_put_aside(pair: Pair) -> bool:
    """Whether it is a file that nothing applies, new or gone: no release comes or goes with it."""
    return pair.declared.is_unapplied and (pair.before is None or pair.after is None)


def _halves(pair: Pair) -> Iterator[Pair]:
    """The pair, or its uninstall and its install where the tool does both."""
    why = _reinstalled(pair)
    if why:
        yield Pair(pair.before, None, is_uninstalled=True, reinstalled=why)
        yield Pair(None, pair.after, reinstalled=why)
    else:
        yield pair


def _reinstalled(pair: Pair) -> str:
    """Why Flux uninstalls a release and installs it anew (helm-controller
    internal/action/verify.go, ReleaseTargetChanged), "" where it upgrades it."""
    if pair.before is None or pair.after is None or pair.after.tool != "flux":
        return ""
    return _renamed(pair.before, pair.after) or _retargeted_in(pair.before, pair.after)


def _renamed(before: Declared, after: Declared) -> str:
    """Why another HelmRelease of the same release uninstalls it."""
    old, own = before.settings.get("object"), after.settings.get("object")
    if old == own or not _prunes(before) or before.is_unapplied:
        return ""
    return f"HelmRelease {old} becomes {own}, and deleting the old one uninstalls the release"


def _retargeted_in(before: Declared, after: Declared) -> str:
    """Which setting makes the HelmRelease mean another release."""
    for name in ("storageNamespace", "chart.name"):
        strategy = after.settings.get(_STRATEGY)
        keeps = name == "chart.name" and strategy not in (None, "", _REINSTALL)
        was, now = before.settings.get(name), after.settings.get(name)
        if was and now and was != now and not keeps:
            return f"{name} changes from {was} to {now}"
    return ""


def handed_over(pair: Pair) -> str:
    """Which Kustomization a release goes from and to where the old one prunes, "" where it
    stays."""
    if pair.before is None or pair.after is None or not _prunes(pair.before):
        return ""
    old, own = (side.settings.get("owner") for side in (pair.before, pair.after))
    return f"it goes from {old} to {own}" if old and own and old != own else ""


def _with_targets(pairs: list[Pair]) -> list[Pair]:
    """The pairs, with those told that one HelmRelease makes under another name or in another
    namespace: Flux uninstalls the one and installs the other, whether or not it prunes."""
    gone = {_object(pair.declared): pair for pair in pairs if pair.after is None}
    new = {_object(pair.declared): pair for pair in pairs if pair.before is None}
    why = {of: _target(gone[of], new[of]) for of in gone.keys() & new.keys() if of[1]}
    return [_retargeted(pair, why) for pair in pairs]


def _retargeted(pair: Pair, why: dict[tuple[str, str], str]) -> Pair:
    words = why.get(_object(pair.declared), "")
    if not words or (pair.before and pair.after):
        return pair
    return replace(pair, reinstalled=words, is_uninstalled=pair.after is None)


def _object(release: Declared) -> tuple[str, str]:
    """The HelmRelease that a release is made of, "" for one of another tool."""
    return release.cluster, str(release.settings.get("object", ""))


def _target(gone: Pair, new: Pair) -> str:
    old, own = (f"{pair.declared.namespace}/{pair.declared.name}" for pair in (gone, new))
    return (
        f"the release of HelmRelease {gone.declared.settings['object']} changes from {old} to {own}"
    )


def _with_moves(pairs: list[Pair]) -> list[Pair]:
    """The pairs, with those told that are one release under another namespace: Helm moves none,
    so it is uninstalled in one and installed in the other."""
    gone = {_without_namespace(pair.declared): pair for pair in pairs if pair.after is None}
    new = {_without_namespace(pair.declared): pair for pair in pairs if pair.before is None}
    moves = {
        name: (gone[name].declared.namespace, new[name].declared.namespace)
        for name in gone.keys() & new.keys()
    }
    return [
        pair if pair.before and pair.after else replace(pair, moved=moves.get(_name(pair)))
        for pair in pairs
    ]


def _name(pair: Pair) -> tuple[str, ...]:
    return _without_namespace(pair.declared)


def _without_namespace(release: Declared) -> tuple[str, ...]:
    where = release.cluster or release.environment
    return (release.tool, where, release.name, release.identity, release.chart.name)


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
