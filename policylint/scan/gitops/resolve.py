"""All that a tree declares, tool by tool."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from msgspec import Struct

from policylint.scan.gitops import commands, fleet, rancher
from policylint.scan.gitops.argocd import applications
from policylint.scan.gitops.argocd.application import Context
from policylint.scan.gitops.argocd.applications import Charts
from policylint.scan.gitops.argocd.clusters import ArgoCluster
from policylint.scan.gitops.flux import helmreleases
from policylint.scan.gitops.flux.kustomizations import HELM, Cluster, Flux
from policylint.scan.gitops.helmfile import helmfiles
from policylint.scan.gitops.helmfile.binary import Helmfiles
from policylint.scan.gitops.kustomize import inflated
from policylint.scan.gitops.kustomize.binary import Builder
from policylint.scan.gitops.model import Declarations, Declared
from policylint.scan.gitops.terraform import resources
from policylint.scan.gitops.tree import Tree


class Tools(Struct, frozen=True):
    """The user's own tools that may be run; None for one that is not there, or not asked for."""

    kustomize: Builder | None = None
    helmfile: Helmfiles | None = None
    charts: Charts | None = None
    """What renders charts whose templates declare Applications."""
    clusters: tuple[ArgoCluster, ...] = ()


def resolve(
    tree: Tree,
    tools: Tools | None = None,
    remotes: Iterable[str] = (),
    listed: Sequence[Declared] = (),
) -> Declarations:
    """Every declared release of a tree, and what stands in the way of finding more.

    `remotes` are the URLs by which the repository itself is known. `listed` are releases that the
    configuration lists: those that their charts declare are among what is answered, they are not.
    """
    tools = tools or Tools()
    flux = Flux(tree, tools.kustomize)
    flux.resolve()
    of_flux = Declarations(tuple(_of_flux(flux)), tuple(flux.problems))
    files = helmfiles.resolve(tree, tools.helmfile)
    modules = resources.resolve(tree)
    invoked = commands.resolve(tree)
    context = Context(tree, frozenset(remotes), tools.clusters)
    before = (*of_flux.releases, *files.releases, *modules.releases, *invoked.releases)
    every = (
        of_flux,
        applications.resolve(context, tools.charts, before, listed),
        rancher.resolve(tree),
        files,
        modules,
        fleet.resolve(tree),
        invoked,
        inflated.resolve(tree),
    )
    return Declarations(
        tuple(chain.from_iterable(declarations.releases for declarations in every)),
        tuple(chain.from_iterable(declarations.problems for declarations in every)),
    )


def _of_flux(flux: Flux) -> Iterator[Declared]:
    for cluster in flux.clusters.values():
        for placed in cluster.of_kind("HelmRelease", HELM):
            yield helmreleases.declared(flux, cluster, placed)
    nowhere = Cluster("")
    for item in flux.left_alone():
        yield helmreleases.standing_alone(item, nowhere, flux)
