"""`policylint schema`: the JSON Schemas that tools may rely on."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer


def command(
    name: Annotated[str, typer.Argument(help="report or config.")],
) -> None:
    """Print a JSON Schema: `report` (what --format json prints) or `config` (.policylint.yaml)."""
    from policylint.catalogue import schema

    sys.stdout.write(json.dumps(schema(name), indent=2) + "\n")
