"""`policylint doctor`: is policylint really called before each deploy?"""

import json
import sys
from typing import Annotated

from policylint.cli.parameters import Words, argument, option, words


def command(
    paths: Annotated[
        Words | None, argument("Files and directories; none: the current one.")
    ] = None,
    config: Annotated[str, option("--config", help="The configuration file.")] = "",
    format_: Annotated[str, option("--format", help="text or json.")] = "text",
) -> int:
    """Say for each deploy in this repository whether policylint runs before it; exit 1 where it
    does not."""
    from policylint.commands.doctor import cover
    from policylint.commands.scan import Survey
    from policylint.errors import UsageError

    if format_ not in ("text", "json"):
        raise UsageError(f"no format is called {format_!r}", remedy="the formats are json, text")
    found = cover(Survey(words(paths), config=config))
    sys.stdout.write(
        json.dumps(found.as_json(), indent=2) + "\n" if format_ == "json" else found.as_text()
    )
    return found.verdict.exit_code
