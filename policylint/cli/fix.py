"""`policylint fix`: make the fixes that a machine may make."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from policylint.cli.sides import Words, words


def command(
    paths: Annotated[Words | None, typer.Argument(help="Files and directories; none: the current one.")] = None,
    unsafe: Annotated[bool, typer.Option("--unsafe", help="Also fixes that may change what a deploy does.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Print the changes and write nothing.")] = False,
    env: Annotated[str, typer.Option("--env", help="The environment, such as production.")] = "",
    helm_version: Annotated[str, typer.Option("--helm-version", help="3 or 4, where the files do not say.")] = "",
    select: Annotated[Words | None, typer.Option("--select", help="Rule ids, packs or categories.")] = None,
    ignore: Annotated[Words | None, typer.Option("--ignore", help="Rule ids, packs or categories.")] = None,
    config: Annotated[str, typer.Option("--config", help="The configuration file.")] = "",
) -> None:
    """Make the safe fixes of `policylint scan` in place; everything else in the files stays as it is.

    policylint fix deploy/ --diff
    """
    from policylint.fix import repair, verdict, write
    from policylint.survey import Survey

    asked = Survey(words(paths), env, helm_version, words(select), words(ignore), config=config)
    made, report = repair(asked, unsafe=unsafe)
    if diff:
        sys.stdout.write(made.diff())
    else:
        write(made)
        sys.stdout.writelines(f"fixed {name}\n" for name in made.files)
    sys.stderr.write(made.summary(written=not diff))
    sys.stderr.writelines(f"unknown[{each.rule}] {each.message}\n  fix  {each.remedy}\n" for each in report.failures)
    raise typer.Exit(verdict(report).exit_code)
