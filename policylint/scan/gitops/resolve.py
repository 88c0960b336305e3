"""All that a tree declares, tool by tool."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.scan.gitops import helmreleases
from policylint.scan.gitops.flux import HELM, Cluster, Flux
from policylint.scan.gitops.kustomizebinary import Builder
from policylint.scan.gitops.model import Declarations, Declared
from policylint.scan.gitops.tree import Tree


def resolve(tree: Tree, builder: Builder | None = None) -> Declarations:
    """Every declared release of a tree, and what stands in the way of finding more."""
    flux = Flux(tree, builder)
    flux.resolve()
    releases = [*_of_flux(flux)]
    return Declarations(tuple(releases), tuple(flux.problems))


def _of_flux(flux: Flux) -> Iterator[Declared]:
    for cluster in flux.clusters.values():
        for placed in cluster.of_kind("HelmRelease", HELM):
            yield helmreleases.declared(flux, cluster, placed)
    if flux.clusters:
        return
    nowhere = Cluster("")
    for item in flux.releases:
        yield helmreleases.standing_alone(item, nowhere, flux)
