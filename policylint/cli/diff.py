"""`policylint diff`: the structured diff alone."""

import sys
from typing import Annotated

from policylint.cli.parameters import option
from policylint.cli.sides import one_side, with_sides
from policylint.helm.inputs.options import Options


@with_sides
def command(
    options: Options,
    resource: Annotated[
        str, option("--resource", help="KIND/NAME: one resource's delta, for a person.")
    ] = "",
    format_: Annotated[str, option("--format", help="text, json or jsonpatch.")] = "text",
) -> int:
    """Print what changes, resource by resource; exit 0 whether or not anything does."""
    from policylint.commands.diff import written

    sys.stdout.write(written(one_side(options), format_, resource))
    return 0
