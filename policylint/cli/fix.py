"""`policylint fix`: make the fixes that a machine may make."""

import sys
from typing import Annotated

from policylint.cli.parameters import Words, argument, option, words


def command(
    paths: Annotated[
        Words | None, argument("Files and directories; none: the current one.")
    ] = None,
    unsafe: Annotated[
        bool, option("--unsafe", help="Also fixes that may change what a deploy does.")
    ] = False,
    diff: Annotated[bool, option("--diff", help="Print the changes and write nothing.")] = False,
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
    config: Annotated[str, option("--config", help="The configuration file.")] = "",
) -> int:
    """Make the safe fixes of `policylint scan` in place; everything else in the files stays as it
    is.

    policylint fix deploy/ --diff
    """
    from policylint.commands.fix import repair, verdict, write
    from policylint.commands.scan import Survey

    asked = Survey(words(paths), env, helm_version, words(select), words(ignore), config=config)
    made, report = repair(asked, unsafe=unsafe)
    if diff:
        sys.stdout.write(made.diff())
    else:
        write(made)
        sys.stdout.writelines(f"fixed {name}\n" for name in made.files)
    sys.stderr.write(made.summary(written=not diff))
    sys.stderr.writelines(
        f"unknown[{each.rule}] {each.message}\n  fix  {each.remedy}\n" for each in report.failures
    )
    return verdict(report).exit_code
