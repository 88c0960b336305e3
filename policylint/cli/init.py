"""`policylint init`: a first .policylint.yaml for this repository."""

from policylint.cli.output import show
from policylint.commands.init import proposed


def command() -> int:
    """Print a configuration for this repository: policylint init > .policylint.yaml."""
    show(proposed())
    return 0
