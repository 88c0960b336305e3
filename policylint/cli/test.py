"""`policylint test`: do the rules of a pack do what their examples say?"""

from pathlib import Path
from typing import Annotated

from policylint.cli.output import show
from policylint.cli.parameters import argument
from policylint.commands.test import failures, rules_below


def command(
    pack: Annotated[Path, argument("A YAML rule, or a directory of them.")],
) -> int:
    """Run the examples of YAML rules; exit 1 where one does not come out as it says."""
    rules = rules_below(pack)
    wrong = [line for rule in rules for line in failures(rule)]
    examples = sum(len(rule.examples) for rule in rules)
    show("".join(f"{line}\n" for line in wrong))
    show(f"{len(rules)} rules, {examples} examples, {len(wrong)} wrong\n")
    return int(bool(wrong))
