"""`policylint scan`: is Helm run safely?"""

from typing import Annotated

from policylint.cli.parameters import Words, argument, option, words
from policylint.cli.showing import with_showing
from policylint.commands.scan import Survey, survey
from policylint.model import Category, Severity
from policylint.report.model import Report


@with_showing
def command(
    paths: Annotated[
        Words | None, argument("Files and directories; none: the current one.")
    ] = None,
    env: Annotated[str, option("--env", help="The environment, such as production.")] = "",
    helm_version: Annotated[
        str, option("--helm-version", help="3 or 4, where the files do not say.")
    ] = "",
    select: Annotated[
        Words | None, option("--select", help="Rule ids, packs or categories.")
    ] = None,
    ignore: Annotated[
        Words | None, option("--ignore", help="Rule ids, packs or categories.")
    ] = None,
    level: Annotated[
        Category | None,
        option("--level", help="This category and harder ones; practice: habits fail."),
    ] = None,
    fail_on: Annotated[
        Severity | None, option("--fail-on", help="The lowest severity that fails.")
    ] = None,
    config: Annotated[str, option("--config", help="The configuration file.")] = "",
    no_waivers: Annotated[bool, option("--no-waivers", help="Count waived findings too.")] = False,
    config_from: Annotated[
        str, option("--config-from", help="git:REV, whose configuration judges.")
    ] = "",
    all_findings: Annotated[
        bool,
        option(
            "--all-findings",
            help="Judge documentation, test fixtures and vendored files too; "
            "naming a file or directory does.",
        ),
    ] = False,
) -> Report:
    """Find every way Helm is run here (scripts, CI, GitOps) and judge it; nothing that is read is
    run.

    policylint scan . --env production
    """
    what = Survey(
        words(paths),
        env,
        helm_version,
        words(select),
        words(ignore),
        level,
        fail_on,
        config,
        config_from,
        all_findings,
        no_waivers,
    )
    return survey(what)
