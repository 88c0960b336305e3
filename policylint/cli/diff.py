"""`policylint diff`: the structured diff alone."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from policylint.cli.sides import with_sides
from policylint.options import Options


@with_sides
def command(
    options: Options,
    resource: Annotated[str, typer.Option("--resource", help="KIND/NAME: one resource's delta, for a person.")] = "",
    format_: Annotated[str, typer.Option("--format", help="text, json or jsonpatch.")] = "text",
) -> None:
    """Print what changes, resource by resource; exit 0 whether or not anything does."""
    from policylint.differ import written

    sys.stdout.write(written(options, format_, resource))
