"""Charts of the repository that declare more releases, rendered as Argo CD renders them."""

from __future__ import annotations

from msgspec.structs import replace

from policylint.errors import PolicylintError
from policylint.helm.engines.choose import choose_engine
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.sides import ChartSide
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.render.pair import Renders
from policylint.helm.sources.resolve import resolve as resolve_side
from policylint.pipeline.declared.values import values_of
from policylint.scan.gitops.argocd.applications import RenderError
from policylint.scan.gitops.model import Declared
from policylint.scan.gitops.tree import Tree


class RepositoryCharts:
    """Renders charts of a tree with the helm of the run."""

    def __init__(self, options: Options, workspace: Workspace) -> None:
        self._options = options
        self._workspace = workspace

    def manifest(self, tree: Tree, release: Declared) -> str:
        """What `helm template` prints for a release of a chart in the tree."""
        try:
            return self._manifest(tree, release)
        except PolicylintError as error:
            raise RenderError(" ".join(error.message.splitlines()[:3])[:400]) from error

    def _manifest(self, tree: Tree, release: Declared) -> str:
        values = values_of(release, tree.root, self._workspace.directory())
        path = str(tree.root / release.chart.name)
        side = ChartSide(
            chart=path,
            values=values.values,
            release=release.name,
            namespace=release.namespace or "default",
            is_upgrade=False,
            label=release.chart.name,
            root=str(tree.root),
            copies=values.copies,
        )
        side = replace(side, kube_version=release.kube_version or side.kube_version)
        resolved = resolve_side(path, side, self._workspace, self._options.helm)
        if not isinstance(resolved, ChartSide):
            raise RenderError(f"there is no chart in {release.chart.name}")
        engine = choose_engine(self._options.helm, self._options.timeout)
        with Renders(engine) as renders:
            return renders.start(resolved).wait().text
