"""`policylint test`: do the rules of a pack do what their examples and cases say?"""

from pathlib import Path
from typing import Annotated

from policylint.cli.output import show
from policylint.cli.parameters import argument
from policylint.commands.test import try_pack


def command(
    pack: Annotated[Path, argument("A rule, or a directory of rules and policies.")],
) -> int:
    """Try rules and policies on their examples, fixtures and kyverno-test.yaml files.

    Exit 1 where one does not come out as it says, or has no failing or passing example.
    """
    done = try_pack(pack)
    wrong = [*done.wrong(), *done.uncovered()]
    show("".join(f"{line}\n" for line in wrong))
    show(f"{len(done.rules)} rules, {len(done.outcomes)} examples, {len(wrong)} wrong\n")
    return done.exit_code
