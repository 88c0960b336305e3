"""`policylint doctor`: is policylint really called before each deploy?"""

from typing import Annotated

from policylint.cli.output import show, show_json
from policylint.cli.parameters import Words, argument, option, words
from policylint.commands.doctor import cover
from policylint.commands.scan import Survey
from policylint.errors import UsageError


def command(
    paths: Annotated[
        Words | None, argument("Files and directories; none: the current one.")
    ] = None,
    config: Annotated[str, option("--config", help="The configuration file.")] = "",
    format_: Annotated[str, option("--format", help="text or json.")] = "text",
) -> int:
    """Say for each deploy in this repository whether policylint runs before it; exit 1 where it
    does not."""
    if format_ not in ("text", "json"):
        raise UsageError(f"no format is called {format_!r}", remedy="the formats are json, text")
    examination = cover(Survey(words(paths), config=config))
    if format_ == "json":
        show_json(examination.as_json())
    else:
        show(examination.as_text())
    return examination.verdict.exit_code
