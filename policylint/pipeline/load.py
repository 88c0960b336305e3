"""Load: what the user named becomes plans, one for each release to judge."""

from __future__ import annotations

import os
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from policylint.config import Config
from policylint.errors import RuleFailure, UsageError
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.workspace import Workspace
from policylint.pipeline.configuration.gate import Gate, gate_of, judged_options
from policylint.pipeline.configuration.settings import environment_of, resolve
from policylint.pipeline.plan import Plan, plan_of


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
        from policylint.pipeline.deployed.forwarded import from_command

        options, invocations = from_command(options)
    _check_stdin(options)
    environment_of(options.environment, config)  # said before what an unknown one would leave
    gate = gate_of(options, config, workspace)
    options = judged_options(options, gate, workspace)
    if _is_terraform_plan(options):
        return _declared(options, gate, workspace)
    if options.after or options.rollback:
        return Loaded((_named_plan(options, gate, invocations, workspace),), gate)
    if _is_configured(config, gate):
        return _configured(options, config, gate, workspace)
    return _declared(options, gate, workspace)


def _is_terraform_plan(options: Options) -> bool:
    if not options.plan and not options.after.endswith(".json"):
        return False
    from policylint.pipeline.declared.terraform import plan_of as terraform_plan

    return terraform_plan(options) is not None


def _declared(options: Options, gate: Gate, workspace: Workspace) -> Loaded:
    from policylint.pipeline.declared.plans import declared_plans

    declared = declared_plans(options, gate.config, workspace)
    return Loaded(declared.plans, gate, declared.failures, declared.untouched)


def _configured(options: Options, config: Config, gate: Gate, workspace: Workspace) -> Loaded:
    """The releases that the configuration lists, and those that files declare beside them."""
    from policylint.pipeline.configured import configured_plans
    from policylint.pipeline.declared.plans import plans_beside

    listed = configured_plans(options, config, gate, workspace)
    beside = plans_beside(options, config, gate, workspace)
    return Loaded((*listed, *beside.plans), gate, beside.failures)


def _named_plan(
    options: Options, gate: Gate, invocations: tuple[Any, ...], workspace: Workspace
) -> Plan:
    """The plan of what the command line names."""
    settings = resolve(options, gate.config)
    if options.rollback or not (invocations or _is_reference(options.after)):
        return plan_of(settings, workspace, invocations)
    from policylint.pipeline.deployed.basecommand import sides_of_command

    command_sides = sides_of_command(settings, gate.config.scan_ignore, workspace)
    if command_sides is None:
        return plan_of(settings, workspace, invocations)
    sides = (command_sides.before, command_sides.after)
    plan = plan_of(command_sides.settings, workspace, invocations, sides=sides)
    return replace(plan, failures=command_sides.failures)


def _is_reference(spec: str) -> bool:
    """Whether it may be a chart that helm pulls, of which no file here tells the version."""
    return not os.path.lexists(spec) and not spec.startswith(("release:", "git:", "-"))


def _is_configured(config: Config, gate: Gate) -> bool:
    """Whether the configuration lists releases, now or at the base."""
    if gate.base is not None:
        earlier = gate.base.config
    else:
        earlier = None
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
