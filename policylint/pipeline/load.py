"""Load: what the user named becomes plans, one for each release to judge."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from policylint.config import Config
from policylint.errors import RuleFailure, UsageError
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.workspace import Workspace
from policylint.pipeline.gate import Gate, gate_of
from policylint.pipeline.plan import Plan, plan_of
from policylint.pipeline.settings import resolve


class Loaded(Struct, frozen=True):
    """The plans of a run, what judges them, and what is said of the run as a whole."""

    plans: tuple[Plan, ...]
    gate: Gate
    failures: tuple[RuleFailure, ...] = ()
    """What keeps declared releases from being found."""
    untouched: tuple[str, ...] = ()
    """Declared releases that the change leaves alone."""


def plans(options: Options, config: Config, workspace: Workspace) -> Loaded:
    """One plan for each release that the options name, and what judges them.

    Raises `UsageError` where they name none, SourceError where sides cannot be had.
    """
    invocations: tuple[Any, ...] = ()
    if options.command:
        from policylint.pipeline.forwarded import from_command

        options, invocations = from_command(options)
    _check_stdin(options)
    resolve(options, config)  # an unknown environment is said before what it would leave
    gate = gate_of(options, config, workspace)
    if options.after or options.rollback:
        settings = resolve(options, gate.config)
        return Loaded((plan_of(settings, workspace, invocations),), gate)
    if _is_configured(config, gate):
        from policylint.pipeline.configured import configured_plans

        return Loaded(configured_plans(options, config, gate, workspace), gate)
    from policylint.pipeline.declared.plans import declared_plans

    found = declared_plans(options, gate.config, workspace)
    return Loaded(found.plans, gate, found.failures, found.untouched)


def _is_configured(config: Config, gate: Gate) -> bool:
    """Whether the configuration lists releases, now or at the base."""
    earlier = gate.base.config if gate.base is not None else None
    return bool(config.releases or (earlier and earlier.releases))


def _check_stdin(options: Options) -> None:
    """Raise `UsageError` where standard input, which can be read once, is named for several
    things."""
    files = (*options.values.named, *options.live, *options.crds, *options.policies)
    named = (options.before, options.after, *files)
    if named.count("-") > 1 and (options.before, options.after) != ("-", "-"):
        raise UsageError(
            "standard input (-) is named more than once",
            remedy="give all but one of them as a file",
        )
