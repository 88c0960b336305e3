"""`policylint merge`: put the reports of shards together."""

from typing import Annotated

from policylint.cli.parameters import Words, argument, words
from policylint.cli.showing import with_showing
from policylint.commands.merge import merge
from policylint.report.model import Report


@with_showing
def command(
    reports: Annotated[Words, argument("REPORT.json of each shard.")],
) -> Report:
    """Put the reports of all shards together, as one run would have reported.

    policylint check --shard 1/4 --format json=1.json, ..., then policylint merge 1.json 2.json ...
    """
    return merge(words(reports))
