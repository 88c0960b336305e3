"""--force-conflicts without server-side apply: Helm refuses the options.

What happens: `helm upgrade` stops with "invalid client update option(s): forceConflicts enabled
when serverSideApply disabled", and nothing is sent.

Why: conflicts between field managers exist under server-side apply only. Helm 4 goes on as the last
revision was sent: a release that Helm 3 made gets client-side patches until --server-side=true is
said.

What to do instead: leave --force-conflicts out, or move the release to server-side apply with
--server-side=true.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Apply, Category, Fix, Severity, Upgrade, Violation


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """Report the option where the upgrade is sent any other way."""
    target = upgrade.target
    if not target.force_conflicts or target.apply is Apply.SERVER_SIDE:
        return
    yield Violation(
        "Helm refuses --force-conflicts, for this upgrade is not sent by server-side apply",
        because="invalid client update option(s): forceConflicts enabled when serverSideApply "
        "disabled",
        fixes=(
            Fix("leave --force-conflicts out"),
            Fix(
                "move the release to server-side apply",
                cost="fields that client-side patches set are owned by an older manager",
                steps=("add --server-side=true to the helm upgrade",),
            ),
        ),
    )
