"""`policylint approve`: let one finding stand, with a reason."""

from typing import Annotated

from policylint.cli.output import show
from policylint.cli.parameters import argument, option
from policylint.commands.baseline import approve
from policylint.report.waivers import Waiver


def command(
    fingerprint: Annotated[str, argument("The finding's id, as the report shows it.")],
    reason: Annotated[str, option("--reason", help="Why it may stand.")] = "",
    until: Annotated[str, option("--until", help="The last day: 2027-01-31.")] = "",
    owner: Annotated[str, option("--owner", help="Who answers for it.")] = "",
    report: Annotated[str, option("--report", help="A JSON report that holds the finding.")] = "",
    config: Annotated[str, option("--config", help="The configuration file.")] = "",
) -> int:
    """Add one waiver, of this finding alone, to .policylint/waivers.yaml."""
    waiver = Waiver(reason, owner, until, fingerprint)
    path = approve(waiver, config, report)
    show(f"{path}: {fingerprint} is waived\n")
    return 0
