"""`policylint rules`: the catalogue, from the rules themselves."""

from typing import Annotated

from policylint.cli.output import show, show_json
from policylint.cli.parameters import option
from policylint.commands.catalogue import judging_here, rules
from policylint.engine.catalogue import as_json, as_text


def command(
    format_: Annotated[str, option("--format", help="text or json.")] = "text",
    file: Annotated[str, option("--config", help="The configuration file.")] = "",
) -> int:
    """List every rule, those of the packs configured here too: id, category, severity, title."""
    with judging_here(file) as here:
        listed = rules(here)
    if format_ == "json":
        show_json(as_json(listed))
    else:
        show(as_text(listed))
    return 0
