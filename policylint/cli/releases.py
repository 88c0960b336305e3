"""`policylint releases`: the releases that a repository's files declare."""

import json
import sys
from typing import Annotated

from policylint.cli.parameters import argument, option
from policylint.commands.releases import Listing, as_json, as_text, listing
from policylint.errors import UsageError
from policylint.helm.inputs.options import Options


def command(
    path: Annotated[str, argument("A directory; none: the current one.")] = "",
    helmfile: Annotated[
        bool, option("--helmfile", help="Let helmfile build its files (not for forks).")
    ] = False,
    clusters: Annotated[
        str, option("--clusters", help="FILE: the cluster Secrets of Argo CD, for ApplicationSets.")
    ] = "",
    format_: Annotated[str, option("--format", help="text or json.")] = "text",
) -> int:
    """List the releases that the files of this repository declare and configure, and what of them
    is not known."""
    _refuse_unknown(format_)
    return show(listing(path, Options(helmfile=helmfile, clusters=clusters)), format_)


def _refuse_unknown(format_: str) -> None:
    if format_ not in ("text", "json"):
        raise UsageError(
            f"no listing is written as {format_!r}", remedy="the formats are json, text"
        )


def show_each(listed: Listing, formats: tuple[str, ...]) -> int:
    """Print a listing in each of the formats, as text where none is named. Raises UsageError for
    other formats than text and json."""
    for format_ in formats or ("text",):
        _refuse_unknown(format_)
        show(listed, format_)
    return 0


def show(listed: Listing, format_: str) -> int:
    """Print a listing."""
    if format_ == "json":
        sys.stdout.write(json.dumps(as_json(listed), indent=2) + "\n")
    else:
        sys.stdout.write(as_text(listed))
    return 0
