"""`policylint fix`: make the fixes that a machine may make."""

from typing import Annotated

from policylint.cli.output import show, tell
from policylint.cli.parameters import Words, argument, option, words
from policylint.commands.fix import repair, verdict, write
from policylint.commands.scan import Survey


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
    survey = Survey(words(paths), env, helm_version, words(select), words(ignore), config=config)
    made, report = repair(survey, unsafe=unsafe)
    if diff:
        show(made.diff())
    else:
        write(made)
        show("".join(f"fixed {name}\n" for name in made.files))
    tell(made.summary(written=not diff))
    for failure in report.failures:
        tell(f"unknown[{failure.rule}] {failure.message}\n  fix  {failure.remedy}\n")
    return verdict(report).exit_code
