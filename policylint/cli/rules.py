"""`policylint rules`: the catalogue, from the rules themselves."""

import json
import sys
from typing import Annotated

from policylint.cli.parameters import option


def command(
    format_: Annotated[str, option("--format", help="text or json.")] = "text",
) -> int:
    """List every rule: id, category, severity, title."""
    from policylint.engine.catalogue import as_json, as_text
    from policylint.engine.registry import all_rules

    rules, _ = all_rules()
    sys.stdout.write(
        json.dumps(as_json(rules), indent=2) + "\n" if format_ == "json" else as_text(rules)
    )
    return 0
