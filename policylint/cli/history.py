"""`policylint history`: a release's state, before the next upgrade meets it."""

from __future__ import annotations

from typing import Annotated

import typer

from policylint.cli.common import check_formats, emit
from policylint.cli.sides import Words, words
from policylint.model import Severity


def command(
    releases: Annotated[
        Words | None, typer.Argument(help="Files (helm history or list -o json, exported records), - or NS/NAME.")
    ] = None,
    helm: Annotated[str, typer.Option("--helm", help="The helm binary that asks the cluster (read-only).")] = "",
    kube_version: Annotated[str, typer.Option("--kube-version", help="The cluster's Kubernetes version.")] = "",
    fail_on: Annotated[Severity, typer.Option("--fail-on", help="The lowest severity that fails.")] = Severity.ERROR,
    format_: Annotated[Words | None, typer.Option("--format", help="text, json, ...; FORMAT=FILE.")] = None,
) -> None:
    """Can this release be upgraded and rolled back? Locks, good revisions left, record size.

    helm list -A -o json | policylint history -
    """
    from policylint.examine import examine

    check_formats(words(format_))
    raise typer.Exit(emit(examine(words(releases), helm, fail_on, kube_version), words(format_)))
