"""Which of the user's own tools resolve a repository."""

from __future__ import annotations

import os
import shutil

from policylint.errors import UsageError
from policylint.helm.inputs.options import Options
from policylint.helm.sources.forks import may_be_fork
from policylint.scan.gitops.helmfilebinary import Binary as Helmfile
from policylint.scan.gitops.kustomizebinary import find_builder
from policylint.scan.gitops.resolve import Tools


def tools_of(options: Options) -> Tools:
    """kustomize where it is installed; helmfile, whose files may run programs, where it is asked
    for.

    Raises UsageError for a helmfile that is not there, and for one in the pull request of a fork.
    """
    return Tools(find_builder(), _helmfile() if options.helmfile else None)


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
    return Helmfile(program)
