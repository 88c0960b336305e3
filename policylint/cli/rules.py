"""`policylint rules`: the catalogue, from the rules themselves."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer


def command(
    format_: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
) -> None:
    """List every rule: id, category, severity, title."""
    from policylint.catalogue import as_json, as_text
    from policylint.packs import all_rules

    rules, _ = all_rules()
    sys.stdout.write(json.dumps(as_json(rules), indent=2) + "\n" if format_ == "json" else as_text(rules))
