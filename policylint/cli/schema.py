"""`policylint schema`: the JSON Schemas that tools may rely on."""

import json
import sys
from typing import Annotated

from policylint.cli.parameters import argument


def command(
    name: Annotated[str, argument("report or config.")],
) -> int:
    """Print a JSON Schema: `report` (what --format json prints) or `config` (.policylint.yaml)."""
    from policylint.engine.catalogue import schema

    sys.stdout.write(json.dumps(schema(name), indent=2) + "\n")
    return 0
