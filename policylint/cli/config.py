"""`policylint config`: the configuration that holds here."""

import json
import sys
from typing import Annotated

from policylint.cli.parameters import option


def command(
    file: Annotated[str, option("--config", help="The configuration file.")] = "",
    explain: Annotated[bool, option("--explain", help="Say where it comes from and what it leaves open.")] = False,
) -> int:
    """Print the configuration that holds in this directory, as JSON."""
    from msgspec import structs, to_builtins

    from policylint.options import Options
    from policylint.plan import load_config

    found = load_config(Options(config=file))
    if explain:
        sys.stderr.write(
            f"from {found.file}\n" if found.file else "no .policylint.yaml here or above: the defaults hold\n"
        )
    shown = structs.asdict(found)
    shown["immutable_paths"] = {f"{group}/{kind}": paths for (group, kind), paths in found.immutable_paths.items()}
    sys.stdout.write(json.dumps(to_builtins(shown), indent=2) + "\n")
    return 0
