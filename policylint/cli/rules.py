"""`policylint rules`: the catalogue, from the rules themselves."""

from typing import Annotated

from policylint.cli.output import show, show_json
from policylint.cli.parameters import option
from policylint.engine.catalogue import as_json, as_text
from policylint.engine.registry import all_rules


def command(
    format_: Annotated[str, option("--format", help="text or json.")] = "text",
) -> int:
    """List every rule: id, category, severity, title."""
    rules, _ = all_rules()
    if format_ == "json":
        show_json(as_json(rules))
    else:
        show(as_text(rules))
    return 0
