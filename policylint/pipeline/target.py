"""How an upgrade is sent: Kubernetes minor, Helm line, apply method."""

from __future__ import annotations

from policylint.errors import SourceError, UsageError
from policylint.helm.engines.choose import choose_engine
from policylint.helm.inputs.options import Options
from policylint.kubernetes.api.schemas import NEWEST, minor_number
from policylint.model import Apply, Target
from policylint.pipeline.configuration.settings import Settings


def installed_line(options: Options) -> str:
    """The line of the helm that is found or named, "" where there is none that can be used."""
    try:
        return choose_engine(options.helm, options.timeout).line
    except SourceError:
        return ""


def minor(settings: Settings) -> str:
    """The Kubernetes minor to judge for: the one that is named, else the newest with recorded
    data."""
    try:
        return f"1.{minor_number(settings.kubernetes or NEWEST)}"
    except ValueError as error:
        raise UsageError(str(error), remedy="give the cluster's version: kubectl version") from None


def target(settings: Settings, helm_line: str, apply_method: str = "") -> Target:
    """How the upgrade is sent: `--apply`, else the record's method, else what this Helm line does.

    `helm_line` is the line of the helm found ("" for none). Raises `UsageError` for force together
    with server-side apply, which Helm 4 refuses.
    """
    line = settings.line or helm_line or "4"
    force = settings.options.force
    client_side = line == "3" or apply_method == "csa"
    apply = settings.apply or (Apply.CLIENT_SIDE if client_side else Apply.SERVER_SIDE)
    if force and line == "4" and apply is Apply.SERVER_SIDE:
        raise UsageError(
            "invalid operation: cannot use server-side apply and force replace together",
            remedy="leave out --force, or add --apply client-side (helm: --server-side=false)",
        )
    options = settings.options
    return Target(
        minor(settings),
        line,
        Apply.REPLACE if force else apply,
        force,
        options.environment,
        _forces_conflicts(options, apply),
        options.take_ownership,
    )


def _forces_conflicts(options: Options, apply: Apply) -> bool:
    taken = options.conflicts_taken and apply is Apply.SERVER_SIDE
    return options.force_conflicts or taken
