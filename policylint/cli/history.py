"""`policylint history`: a release's state, before the next upgrade meets it."""

from typing import Annotated

from policylint.cli.parameters import Words, argument, option, words
from policylint.cli.showing import with_showing
from policylint.commands.history import examine
from policylint.helm.inputs.options import Options
from policylint.model import Severity
from policylint.report.model import Report


@with_showing
def command(
    releases: Annotated[
        Words | None,
        argument("Files (helm history or list -o json, exported records), - or NS/NAME."),
    ] = None,
    helm: Annotated[
        str, option("--helm", help="The helm binary that asks the cluster (read-only).")
    ] = "",
    kube_version: Annotated[
        str, option("--kube-version", help="The cluster's Kubernetes version.")
    ] = "",
    fail_on: Annotated[
        Severity | None, option("--fail-on", help="The lowest severity that fails.")
    ] = None,
    config: Annotated[str, option("--config", help="The configuration file.")] = "",
) -> Report:
    """Can this release be upgraded and rolled back? Locks, good revisions left, record size.

    helm list -A -o json | policylint history -
    """
    options = Options(helm=helm, kube_version=kube_version, fail_on=fail_on, config=config)
    return examine(words(releases), options)
