"""`policylint completion`: what a shell needs to complete commands and options."""

from enum import StrEnum
from typing import Annotated

from policylint.cli.help import COMPLETING
from policylint.cli.output import show
from policylint.cli.parameters import argument


class Shell(StrEnum):
    """The shells that can be helped."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"


def command(shell: Annotated[Shell, argument("bash, zsh, fish or powershell.")]) -> int:
    """Print the script that completes policylint's commands and options in a shell.

    bash: policylint completion bash > ~/.local/share/bash-completion/completions/policylint
    """
    # what typer itself prints with --show-completion; loading it costs more than most checks
    from typer._completion_shared import get_completion_script

    show(
        get_completion_script(prog_name="policylint", complete_var=COMPLETING, shell=str(shell))
        + "\n"
    )
    return 0
