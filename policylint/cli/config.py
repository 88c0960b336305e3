"""`policylint config`: the configuration that holds here."""

import json
import sys
from typing import Annotated

from msgspec.structs import replace

from policylint.cli.parameters import option
from policylint.config import Release


def command(
    file: Annotated[str, option("--config", help="The configuration file.")] = "",
    explain: Annotated[
        bool, option("--explain", help="Say where it comes from and what it leaves open.")
    ] = False,
) -> int:
    """Print the configuration that holds in this directory, as JSON."""
    from msgspec import structs, to_builtins

    from policylint.helm.inputs.options import Options
    from policylint.pipeline.settings import load_config

    found = load_config(Options(config=file))
    if explain:
        sys.stderr.write(
            f"from {found.file}\n"
            if found.file
            else "no .policylint.yaml here or above: the defaults hold\n"
        )
    shown = structs.asdict(found)
    shown["releases"] = [_shown(release) for release in found.releases]
    shown["immutable_paths"] = {
        f"{group}/{kind}": paths for (group, kind), paths in found.immutable_paths.items()
    }
    sys.stdout.write(json.dumps(to_builtins(shown), indent=2) + "\n")
    return 0


def _shown(release: Release) -> Release:
    """A release without the secrets of its `set` and of its repository's address."""
    from policylint.redaction.collect import argument_secrets
    from policylint.redaction.quoted import without
    from policylint.redaction.texts import masked
    from policylint.redaction.vocabulary import MASK

    sets = (without(text, argument_secrets("--set", text), MASK) for text in release.sets)
    return replace(release, sets=tuple(sets), repo=masked(release.repo))
