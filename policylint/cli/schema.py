"""`policylint schema`: the JSON Schemas that tools may rely on."""

from typing import Annotated

from policylint.cli.output import show_json
from policylint.cli.parameters import argument
from policylint.engine.catalogue import schema


def command(
    name: Annotated[str, argument("report or config.")],
) -> int:
    """Print a JSON Schema: `report` (what --format json prints) or `config` (.policylint.yaml)."""
    show_json(schema(name))
    return 0
