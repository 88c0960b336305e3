"""`policylint scan`: is Helm run safely?"""

from __future__ import annotations

from typing import Annotated

import typer

from policylint.cli.common import check_formats, emit
from policylint.cli.sides import Words, words
from policylint.model import Category, Severity


def command(
    paths: Annotated[Words | None, typer.Argument(help="Files and directories; none: the current one.")] = None,
    env: Annotated[str, typer.Option("--env", help="The environment, such as production.")] = "",
    helm_version: Annotated[str, typer.Option("--helm-version", help="3 or 4, where the files do not say.")] = "",
    select: Annotated[Words | None, typer.Option("--select", help="Rule ids, packs or categories.")] = None,
    ignore: Annotated[Words | None, typer.Option("--ignore", help="Rule ids, packs or categories.")] = None,
    level: Annotated[Category | None, typer.Option("--level", help="This category and the harder ones.")] = None,
    fail_on: Annotated[Severity | None, typer.Option("--fail-on", help="The lowest severity that fails.")] = None,
    config: Annotated[str, typer.Option("--config", help="The configuration file.")] = "",
    format_: Annotated[Words | None, typer.Option("--format", help="text, json, ...; FORMAT=FILE.")] = None,
) -> None:
    """Find every way Helm is run here (scripts, CI, GitOps) and judge it; nothing that is read is run.

    policylint scan . --env production
    """
    from policylint.survey import Survey, survey

    check_formats(words(format_))
    asked = Survey(words(paths), env, helm_version, words(select), words(ignore), level, fail_on, config)
    raise typer.Exit(emit(survey(asked), words(format_)))
