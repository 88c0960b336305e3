"""Which of the user's own tools resolve a repository, and what they are told."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from policylint.config import Config
from policylint.errors import UsageError
from policylint.helm.inputs.files import read_text
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.sources.forks import may_be_fork
from policylint.pipeline.declared.charts import RepositoryCharts
from policylint.scan.gitops.argocd.clusters import ArgoCluster, clusters_of
from policylint.scan.gitops.helmfile.binary import Binary as Helmfile
from policylint.scan.gitops.kustomize.binary import find_builder
from policylint.scan.gitops.resolve import Tools


def tools_of(options: Options, config: Config, workspace: Workspace) -> Tools:
    """kustomize where it is installed; helmfile, whose files may run programs, where it is asked
    for; helm for charts that declare releases, into `workspace`.

    Raises UsageError for a helmfile that is not there, and for one in the pull request of a fork.
    """
    clusters = options.clusters or config.declared.clusters
    return Tools(
        find_builder(),
        _helmfile() if options.helmfile else None,
        RepositoryCharts(options, workspace),
        _clusters(clusters) if clusters else (),
    )


def _clusters(file: str) -> tuple[ArgoCluster, ...]:
    try:
        return clusters_of(read_text(Path(file)), file)
    except ValueError as error:
        raise UsageError(
            f"no clusters of Argo CD can be read from it: {error}",
            file=file,
            remedy="kubectl get secret -n argocd -l argocd.argoproj.io/secret-type=cluster -o yaml",
        ) from error


def _helmfile() -> Helmfile:
    if may_be_fork():
        raise UsageError(
            "helmfile is not run in the pull request of a fork: its files may run programs",
            remedy="leave out --helmfile here; what helmfile alone understands is unknown then",
        )
    named = os.environ.get("POLICYLINT_HELMFILE", "") or "helmfile"
    program = shutil.which(named)
    if program is None:
        raise UsageError(
            f"no helmfile is installed: {named} is not on PATH",
            remedy="install it, or name it: POLICYLINT_HELMFILE",
        )
    return Helmfile(program, dict(_passed()))


def _passed() -> Iterator[tuple[str, str]]:
    """The variables that POLICYLINT_HELMFILE_ENV names, by commas: templates may read no other."""
    for name in os.environ.get("POLICYLINT_HELMFILE_ENV", "").split(","):
        if name.strip() in os.environ:
            yield name.strip(), os.environ[name.strip()]
