"""All that a tree declares, tool by tool."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policylint.scan.gitops import applications, helmfile, helmreleases, inflated, rancher
from policylint.scan.gitops.argocd import Context
from policylint.scan.gitops.flux import HELM, Cluster, Flux
from policylint.scan.gitops.kustomizebinary import Builder
from policylint.scan.gitops.model import Declarations, Declared
from policylint.scan.gitops.tree import Tree


def resolve(
    tree: Tree, builder: Builder | None = None, remotes: Iterable[str] = ()
) -> Declarations:
    """Every declared release of a tree, and what stands in the way of finding more.

    `remotes` are the URLs by which the repository itself is known.
    """
    flux = Flux(tree, builder)
    flux.resolve()
    argo = applications.resolve(Context(tree, frozenset(remotes)))
    files = helmfile.resolve(tree)
    releases = [
        *_of_flux(flux),
        *argo.releases,
        *rancher.releases(tree),
        *files.releases,
        *inflated.releases(tree),
    ]
    problems = (*flux.problems, *argo.problems, *files.problems)
    return Declarations(tuple(releases), problems)


def _of_flux(flux: Flux) -> Iterator[Declared]:
    for cluster in flux.clusters.values():
        for placed in cluster.of_kind("HelmRelease", HELM):
            yield helmreleases.declared(flux, cluster, placed)
    if flux.clusters:
        return
    nowhere = Cluster("")
    for item in flux.releases:
        yield helmreleases.standing_alone(item, nowhere, flux)
