"""`policylint cache`: see and empty the cache of verdicts."""

from typing import Annotated

from policylint.cli.output import show
from policylint.cli.parameters import argument
from policylint.commands.cache import cache


def command(
    action: Annotated[str, argument("show (the default) or clear.")] = "show",
) -> int:
    """See or empty the cache of verdicts.

    A run of several releases judges those anew of which anything changed; --no-cache judges all.
    """
    show(f"{cache(action)}\n")
    return 0
