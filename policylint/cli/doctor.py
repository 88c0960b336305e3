"""`policylint doctor`: is policylint really called before each deploy?"""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from policylint.cli.sides import Words, words


def command(
    paths: Annotated[Words | None, typer.Argument(help="Files and directories; none: the current one.")] = None,
    config: Annotated[str, typer.Option("--config", help="The configuration file.")] = "",
    format_: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
) -> None:
    """Say for each deploy in this repository whether policylint runs before it; exit 1 where it does not."""
    from policylint.coverage import cover
    from policylint.errors import UsageError
    from policylint.survey import Survey

    if format_ not in ("text", "json"):
        raise UsageError(f"no format is called {format_!r}", remedy="the formats are json, text")
    found = cover(Survey(words(paths), config=config))
    sys.stdout.write(json.dumps(found.as_json(), indent=2) + "\n" if format_ == "json" else found.as_text())
    raise typer.Exit(found.verdict.exit_code)
