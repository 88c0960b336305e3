"""How an upgrade is sent: Kubernetes minor, Helm line, apply method."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.config import Config, Environment
from policylint.errors import SourceError, UsageError, nearest
from policylint.helm.inputs.options import Options
from policylint.kubernetes.api.schemas import NEWEST, minor_number
from policylint.model import Apply, Target

if TYPE_CHECKING:
    from policylint.pipeline.plan import Plan


def named_line(options: Options, environment: Environment, config: Config) -> str:
    """The Helm line that the command line or the configuration names, "" for none."""
    return options.helm_version or environment.helm or config.helm


def line_found(options: Options) -> str:
    """The line of the helm that is found or named, "" where there is none that can be used."""
    from policylint.helm.engines.choose import choose_engine

    try:
        return choose_engine(options.helm, options.timeout).line
    except SourceError:
        return ""


def environment_of(options: Options, config: Config) -> Environment:
    """The environment that `--env` names; raises `UsageError` for one that the configuration does
    not know."""
    name = options.environment
    if not name or name in config.environments:
        return config.environments.get(name, Environment())
    known = {
        *config.environments,
        *(release.environment for release in config.releases if release.environment),
    }
    if known and name not in known:
        every = f"the environments are {', '.join(sorted(known))}"
        raise UsageError(f"no environment is called {name!r}", remedy=nearest(name, known, every))
    return Environment()


def minor(options: Options, environment: Environment, config: Config) -> str:
    """The Kubernetes minor to judge for: flag, environment, configuration, else the newest with
    recorded data."""
    wanted = options.kube_version or environment.kubernetes or config.kubernetes or NEWEST
    try:
        return f"1.{minor_number(wanted)}"
    except ValueError as error:
        raise UsageError(str(error), remedy="give the cluster's version: kubectl version") from None


def target(plan: Plan, found_line: str, apply_method: str = "") -> Target:
    """How the upgrade is sent: `--apply`, else the record's method, else what this Helm line does.

    `found_line` is the line of the helm found ("" for none). Raises `UsageError` for force together
    with server-side apply, which Helm 4 refuses.
    """
    options, environment, config = plan.options, plan.environment, plan.config
    line = named_line(options, environment, config) or found_line or "4"
    if line not in ("3", "4"):
        raise UsageError(
            f"--helm-version is 3 or 4, not {line!r}", remedy="name the major version only"
        )
    named = options.apply or _apply(environment.apply) or _apply(config.apply)
    default = Apply.CLIENT_SIDE if line == "3" or apply_method == "csa" else Apply.SERVER_SIDE
    apply = named or default
    if options.force and line == "4" and apply is Apply.SERVER_SIDE:
        raise UsageError(
            "invalid operation: cannot use server-side apply and force replace together",
            remedy="leave out --force, or add --apply client-side (helm: --server-side=false)",
        )
    if options.force:
        apply = Apply.REPLACE
    return Target(
        minor(options, environment, config), line, apply, options.force, options.environment
    )


def _apply(word: str) -> Apply | None:
    return Apply(word) if word else None
