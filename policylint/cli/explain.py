"""`policylint explain`: a rule's page, or what an error from a terminal means."""

import sys
from typing import Annotated

from policylint.cli.output import show, tell
from policylint.cli.parameters import argument
from policylint.commands.explain import unknown, written


def command(
    what: Annotated[
        list[str], argument("A rule's id, or the text of an error (- reads standard input).")
    ],
) -> int:
    """Explain a rule, or an error of Helm or the API server pasted from a terminal; exit 1 where
    nothing is known."""
    if what == ["-"]:
        text = sys.stdin.read()
    else:
        text = " ".join(what)
    explanation = written(text)
    if explanation is None:
        tell(f"policylint: {unknown(text)}\n  fix  see policylint rules\n")
        return 1
    show(explanation)
    return 0
