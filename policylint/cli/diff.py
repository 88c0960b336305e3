"""`policylint diff`: the structured diff alone."""

from typing import Annotated

from msgspec.structs import replace

from policylint.cli.output import show
from policylint.cli.parameters import TIMEOUT, option, seconds
from policylint.cli.sides import single_side, with_sides
from policylint.commands.diff import written
from policylint.helm.inputs.options import Options


@with_sides
def command(
    options: Options,
    resource: Annotated[
        str, option("--resource", help="KIND/NAME: one resource's delta, for a person.")
    ] = "",
    format_: Annotated[str, option("--format", help="text, json or jsonpatch.")] = "text",
    time_limit: Annotated[str, option("--timeout", help=TIMEOUT)] = "30m",
) -> int:
    """Print what changes, resource by resource; exit 0 whether or not anything does."""
    options = replace(single_side(options), time_limit=seconds(time_limit, "--timeout"))
    show(written(options, format_, resource))
    return 0
