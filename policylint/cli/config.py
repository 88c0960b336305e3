"""`policylint config`: the configuration that holds here."""

from typing import Annotated

from msgspec import structs, to_builtins

from policylint.cli.output import show_json, tell
from policylint.cli.parameters import option
from policylint.commands.settings import explained
from policylint.config import Release
from policylint.helm.inputs.options import Options
from policylint.pipeline.configuration.settings import load_config
from policylint.redaction.collect import argument_secrets
from policylint.redaction.quoted import without
from policylint.redaction.texts import masked
from policylint.redaction.vocabulary import MASK


def command(
    file: Annotated[str, option("--config", help="The configuration file.")] = "",
    explain: Annotated[
        bool, option("--explain", help="Say where each setting comes from, and what it overrides.")
    ] = False,
    env: Annotated[str, option("--env", help="The settings of this environment.")] = "",
    release: Annotated[str, option("--release", help="The settings of this release.")] = "",
) -> int:
    """Print the configuration that holds in this directory, as JSON.

    With --explain each setting is told with the place that gives it, on standard error and in the
    JSON (`explained`).
    """
    config = load_config(Options(config=file))
    if explain and config.file:
        tell(f"from {config.file}\n")
    elif explain:
        tell("no .policylint.yaml here or above: the defaults hold\n")
    shown = structs.asdict(config)
    shown["releases"] = [_shown(release) for release in config.releases]
    shown["immutable_paths"] = {
        f"{group}/{kind}": paths for (group, kind), paths in config.immutable_paths.items()
    }
    shown["baseline"] = config.baseline.entries
    del shown["called"]
    if explain:
        rows = explained(config, env, release)
        tell("".join(f"{row}\n" for row in rows))
        shown["explained"] = to_builtins(rows)
    show_json(to_builtins(shown))
    return 0


def _shown(release: Release) -> Release:
    """A release without the secrets of its `set` and of its repository's address."""
    sets = (without(text, argument_secrets("--set", text), MASK) for text in release.sets)
    return structs.replace(release, sets=tuple(sets), repo=masked(release.repo))
