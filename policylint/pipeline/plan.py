"""Load: what the user named becomes plans, one for each release to judge."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from policylint import config as configuration
from policylint.config import Config, Environment, Release
from policylint.errors import UsageError, nearest
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.sides import (
    UNNAMED,
    ChartSide,
    EmptySide,
    ManifestSide,
    Side,
    ValuesInput,
    default_namespace,
)
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.sources.resolve import resolve_pair
from policylint.model import Category, Json, Severity
from policylint.pipeline.target import _apply, environment_of, line_found, minor, named_line

if TYPE_CHECKING:
    from policylint.scan.repository.deploys import Deployment

_KEEPING = ("reuse", "reset-then-reuse")
"""The values modes of a deploy that keep what the last release was given."""


class Plan(Struct, frozen=True):
    """One release's check: two sides, how they are sent, and how strictly they are judged."""

    release: str
    namespace: str
    before: Side
    after: Side
    options: Options
    environment: Environment = field(default_factory=Environment)
    config: Config = field(default_factory=Config)
    invocations: tuple[Any, ...] = ()
    """The commands or declarations that deploy the release, where they are known."""
    subjects: tuple[object, ...] = ()
    """More subjects of rules: the invocations, the history."""
    given_after: Side = field(default_factory=EmptySide)
    """The after side as it was named; under a values mode `after` renders it with other values."""

    @property
    def fail_on(self) -> Severity:
        """The lowest severity that fails."""
        return (
            self.options.fail_on
            or self.environment.fail_on
            or self.config.fail_on
            or Severity.ERROR
        )

    @property
    def level(self) -> Category | None:
        """The level that is asked for by name, None for the default."""
        return self.options.level or self.environment.level or self.config.level

    @property
    def rule_tables(self) -> tuple[Mapping[str, Json], ...]:
        """The `rules:` tables that hold, later ones win."""
        return self.config.rules, self.environment.rules


def load_config(options: Options) -> Config:
    """The configuration that `--config` names, or the nearest one above the current directory."""
    path = Path(options.config) if options.config else configuration.find(Path.cwd())
    return configuration.read(path) if path else Config()


def plans(options: Options, config: Config, workspace: Workspace) -> tuple[Plan, ...]:
    """One plan for each release that the options name; raises `UsageError` where they name none."""
    invocations: tuple[Any, ...] = ()
    if options.command:
        from policylint.pipeline.forwarded import from_command

        options, invocations = from_command(options)
    _check_stdin(options)
    environment_of(options, config)  # an unknown one is said before what it would leave to check
    if options.after or options.rollback:
        return (_plan(options, config, workspace, invocations),)
    wanted = [
        release for release in config.releases if options.environment in ("", release.environment)
    ]
    if not wanted:
        raise UsageError(
            "nothing to check: no chart is named, and no release is configured",
            file=config.file,
            remedy="policylint check CHART, or list releases in .policylint.yaml",
        )
    if options.changed:
        wanted = _touched(options, wanted, config)
    if not wanted:
        return ()
    deployed = _deployments(wanted, config)
    return tuple(
        _plan(
            _forced(of_release(options, release, how), how, config),
            config,
            workspace,
            how.invocations,
            how.values_mode or "",
        )
        for release, how in zip(wanted, deployed, strict=True)
    )


def _forced(options: Options, how: Deployment, config: Config) -> Options:
    """With `--force` where the command that deploys the release has it and Helm 3 runs it, as Helm
    4 does not take it together with server-side apply."""
    if not how.force or options.force or options.apply:
        return options
    line = (
        named_line(options, environment_of(options, config), config)
        or how.line
        or line_found(options)
    )
    return replace(options, force=line == "3")


def _check_stdin(options: Options) -> None:
    """Raise `UsageError` where standard input, which can be read once, is named for several
    things."""
    named = (options.before, options.after, *options.values.named, *options.live, *options.crds)
    if named.count("-") > 1 and (options.before, options.after) != ("-", "-"):
        raise UsageError(
            "standard input (-) is named more than once",
            remedy="give all but one of them as a file",
        )


def _deployments(releases: Sequence[Release], config: Config) -> list[Deployment]:
    """How the files of the repository deploy these releases."""
    from policylint.scan.repository.deploys import deployment
    from policylint.scan.repository.walk import scan

    root = Path(config.file).resolve().parent
    found = scan([root], root, skip=config.scan_ignore).invocations
    return [
        deployment(
            found, each.name, each.namespace, os.path.relpath(each.chart, root), each.environment
        )
        for each in releases
    ]


def _plan(
    options: Options,
    config: Config,
    workspace: Workspace,
    invocations: tuple[Any, ...] = (),
    seen_mode: str = "",
) -> Plan:
    """The plan of one release; `seen_mode` is the values mode of the command that deploys it, where
    that is known."""
    environment = environment_of(options, config)
    before, after = _sides(options, environment, config, workspace)
    given = after
    if seen_mode in _KEEPING and not options.values_mode and _at_hand(before, after):
        options = replace(options, values_mode=seen_mode)
    if options.values_mode or (isinstance(before, ManifestSide) and before.revision):
        line = named_line(options, environment, config) or line_found(options) or "4"
        after = _under_mode(options, before, after, workspace, line)
    known = before.history if isinstance(before, ManifestSide) else None
    release = options.release or (known.name if known else "")
    named = options.namespace or (known.namespace if known else "") or default_namespace()
    return Plan(
        release,
        named,
        before,
        after,
        options,
        environment,
        config,
        invocations,
        invocations,
        given_after=given,
    )


def _sides(
    options: Options, environment: Environment, config: Config, workspace: Workspace
) -> tuple[Side, Side]:
    chart = chart_side(options, environment, config)
    if not options.rollback:
        return resolve_pair(
            options.before,
            chart,
            workspace,
            default_branch=config.default_branch,
            helm=options.helm,
        )
    from policylint.helm.engines.binary import find_helm
    from policylint.helm.sources.release import rollback

    remedy = "policylint check release:NAMESPACE/NAME --rollback REVISION, or an exported record in its place"
    if bool(options.before) == bool(options.after):
        raise UsageError("--rollback takes one side, the release", remedy=remedy)
    if not options.rollback.isdigit():
        raise UsageError(
            f"--rollback takes the number of a revision, not {options.rollback!r}", remedy=remedy
        )
    helm = "" if options.helm == "embedded" else options.helm
    return rollback(options.before or options.after, int(options.rollback), find_helm(helm))


def _at_hand(before: Side, after: Side) -> bool:
    """Whether both charts are at hand, which a values mode needs."""
    from policylint.helm.values.side import is_local

    record = isinstance(before, ManifestSide) and before.revision and before.revision.chart_record
    old = isinstance(before, ChartSide) and is_local(before)
    return isinstance(after, ChartSide) and is_local(after) and bool(record or old)


def _under_mode(
    options: Options, before: Side, after: Side, workspace: Workspace, line: str
) -> Side:
    """The after side as `--values-mode` makes Helm render it, or no flag does where the release's
    record is known."""
    from policylint.helm.values.modes import Mode
    from policylint.helm.values.side import is_local
    from policylint.helm.values.stage import staged, values_change

    if options.values_mode and options.values_mode not in list(Mode):
        raise UsageError(
            f"no values mode is called {options.values_mode!r}",
            remedy=nearest(options.values_mode, list(Mode), f"the modes are {', '.join(Mode)}"),
        )
    change = values_change(before, after, options.values_mode, line)
    live = isinstance(before, ManifestSide) and before.revision is not None
    if options.values_mode and (change is None or (change.old is None and not live)):
        pulled = next(
            (
                side
                for side in (after, before)
                if isinstance(side, ChartSide) and not is_local(side)
            ),
            None,
        )
        if pulled is not None:
            raise UsageError(
                f"a values mode ({options.values_mode}) needs both charts at hand, and helm pulls {pulled.label}",
                remedy="pull it first (helm pull CHART --version VERSION) and name the archive as the side",
            )
        raise UsageError(
            "--values-mode needs the old chart and its values",
            remedy="name the release as it runs: --before git:REV, a chart, or an exported release",
        )
    return staged(after, change, workspace)


def _touched(options: Options, releases: list[Release], config: Config) -> list[Release]:
    """Those of the releases that the changed files touch: the files named, else those that git
    knows."""
    from policylint.helm.sources.changes import changed_files, touches

    files = options.changed_files or changed_files(Path(config.file).parent, config.default_branch)
    if files is None:
        return releases
    shared = (config.file, *config.crds)
    named = [(release, of_release(options, release)) for release in releases]
    return [
        release
        for release, own in named
        if touches(ChartSide(own.after, values=own.values), shared, files)
    ]


def of_release(options: Options, release: Release, how: Deployment | None = None) -> Options:
    """The options with what the configuration says of one release; the command line's own words
    win.

    `how` is what the command that deploys it adds where the configuration is silent: the version of
    a chart.
    """
    seen = how.version or "" if how and not Path(release.chart).exists() else ""
    values = ValuesInput(
        files=(*release.values, *options.values.files), set=(*release.sets, *options.values.set)
    )
    return replace(
        options,
        after=options.after or _near(release.chart),
        release=options.release or release.name,
        namespace=options.namespace or release.namespace,
        values=replace(options.values, files=values.files, set=values.set),
        version=options.version or release.version or seen,
        repo=options.repo or release.repo,
        kube_version=options.kube_version or release.kubernetes,
        helm_version=options.helm_version or release.helm,
        apply=options.apply or _apply(release.apply),
        values_mode=options.values_mode or release.values_mode,
        environment=options.environment or release.environment,
        api_versions=options.api_versions or release.api_versions,
    )


def _near(path: str) -> str:
    """A path as a person at the current directory would write it."""
    here = Path.cwd()
    return os.path.relpath(path, here) if Path(path).is_relative_to(here) else path


def chart_side(options: Options, environment: Environment, config: Config) -> ChartSide:
    """The chart of the options as a side to render."""
    return ChartSide(
        chart=options.after,
        values=options.values,
        release=options.release or UNNAMED,
        namespace=options.namespace or default_namespace(),
        version=options.version,
        repo=options.repo,
        kube_version=minor(options, environment, config),
        api_versions=(*options.api_versions, *environment.api_versions),
        include_crds=options.include_crds,
        label=options.after,
        extra=options.extra,
    )
