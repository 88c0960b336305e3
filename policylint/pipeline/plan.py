"""A plan: one release's two sides, how they are sent, and how strictly they are judged."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from policylint.config import Release
from policylint.errors import PolicylintError, RuleFailure, UsageError, nearest
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.sides import (
    UNNAMED,
    ChartSide,
    EmptySide,
    ManifestSide,
    Side,
    default_namespace,
)
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.sources.resolve import resolve_pair
from policylint.model import Json, Object
from policylint.pipeline.configuration.settings import Settings, as_apply
from policylint.pipeline.target import installed_line, minor
from policylint.report.model import ChartChange, ReleaseSource

if TYPE_CHECKING:
    from policylint.helm.inputs.revisions import History
    from policylint.pipeline.configuration.listing import Listing
    from policylint.scan.gitops.rollout import Rollout
    from policylint.scan.repository.deploys import Deployment

_KEEPING = ("reuse", "reset-then-reuse")
"""The values modes of a deploy that keep what the last release was given."""


class Plan(Struct, frozen=True):
    """One release's check: two sides, how they are sent, and how strictly they are judged."""

    release: str
    namespace: str
    before: Side
    after: Side
    settings: Settings = field(default_factory=Settings)
    invocations: tuple[Any, ...] = ()
    """The commands or declarations that deploy the release, where they are known."""
    earlier: tuple[Any, ...] = ()
    """The same of the before side: the commands or declarations that deploy it there."""
    named_after: Side = field(default_factory=EmptySide)
    """The after side as it was named; under a values mode `after` renders it with other values."""

    change: str = "kept"
    """What becomes of the release itself: created, kept or deleted."""
    error: PolicylintError | None = None
    """Why the sides cannot be had; other releases are judged all the same."""
    failures: tuple[RuleFailure, ...] = ()
    """What is known not to be as the cluster will have it: values that are not here, renderers that
    are not run."""
    source: ReleaseSource | None = None
    """Where the release is declared."""
    listing: Listing | None = None
    """Where the configuration lists the release."""
    rollout: Rollout | None = None
    """How the tool that declares the release rolls it out."""
    post_renderers: tuple[tuple[Json, ...], tuple[Json, ...]] = ((), ())
    """The kustomize post-renderers of each side, where they are applied here."""
    secrets: tuple[str, ...] = ()
    """Values that what declares the release calls sensitive."""
    chart: ChartChange | None = None
    """The chart of both sides as they are declared."""

    @property
    def options(self) -> Options:
        """What was asked for."""
        return self.settings.options

    def live(self) -> tuple[Object, ...]:
        """The objects of the cluster that `--live` names, and the definitions of `--crds`."""
        names = (*self.options.live, *self.settings.crds)
        if not names:
            return ()
        from policylint.pipeline.texts import named_objects

        return named_objects(names)

    @property
    def history(self) -> History | None:
        """The release's revisions, where the before side comes from its records."""
        if isinstance(self.before, ManifestSide):
            return self.before.history
        return None


def plan_of(
    settings: Settings,
    workspace: Workspace,
    invocations: tuple[Any, ...] = (),
    deployed_mode: str = "",
    sides: tuple[Side, Side] | None = None,
) -> Plan:
    """The plan of one release; `deployed_mode` is the values mode of the command that deploys it,
    where that is known. `sides` are those that are found already.

    Where helm pulls a chart, its values mode waits for that (`under_mode`).
    """
    before, named_after = sides or _sides(settings, workspace)
    settings = _with_mode(settings, deployed_mode, before, named_after)
    _check_mode(settings.options.values_mode)
    plan = Plan(
        *_name(settings.options, before),
        before,
        named_after,
        settings,
        invocations,
        named_after=named_after,
    )
    if any(map(is_pulled, (before, named_after))):
        return plan
    return under_mode(plan, workspace)


def under_mode(plan: Plan, workspace: Workspace) -> Plan:
    """The plan whose after side is rendered with the values that its values mode keeps; raises
    UsageError for a mode that nothing is known to keep for."""
    before, named_after = plan.before, plan.named_after
    if isinstance(before, EmptySide) or isinstance(named_after, EmptySide):
        return plan  # an install or an uninstall keeps no values
    recorded = isinstance(before, ManifestSide) and before.revision is not None
    if plan.options.values_mode or recorded:
        return replace(plan, after=_under_mode(plan.settings, before, named_after, workspace))
    return plan


def at_hand(plan: Plan, workspace: Workspace) -> Plan:
    """The plan with both charts on this machine: what helm pulls is pulled, once. Raises
    RenderError with helm's own words where a chart cannot be had, UsageError as `under_mode`."""
    if not any(map(is_pulled, (plan.before, plan.named_after))):
        return plan
    from policylint.helm.engines.choose import choose_engine
    from policylint.helm.render.pulled import pulled

    engine = choose_engine(plan.options.helm, plan.options.timeout)
    before, after = pulled((plan.before, plan.named_after), engine, workspace)
    return under_mode(replace(plan, before=before, after=after, named_after=after), workspace)


def is_pulled(side: Side) -> bool:
    """Whether helm pulls the chart of a side."""
    return isinstance(side, ChartSide) and not side.is_local


def _with_mode(settings: Settings, mode: str, before: Side, after: Side) -> Settings:
    """The settings with the values mode of the deploy, where it keeps values and none is named."""
    options = settings.options
    if mode not in _KEEPING or options.values_mode or not _has_charts(before, after):
        return settings
    return replace(settings, options=replace(options, values_mode=mode))


def _name(options: Options, before: Side) -> tuple[str, str]:
    """(release, namespace) as the options name them, else as the release's records do."""
    if isinstance(before, ManifestSide):
        history = before.history
    else:
        history = None
    if history is None:
        return options.release, options.namespace or default_namespace()
    namespace = options.namespace or history.namespace or default_namespace()
    return options.release or history.name, namespace


def _sides(settings: Settings, workspace: Workspace) -> tuple[Side, Side]:
    options = settings.options
    if not options.rollback:
        return resolve_pair(
            options.before,
            chart_side(settings),
            workspace,
            default_branch=settings.default_branch,
            helm=options.helm,
        )
    from policylint.helm.engines.binary import find_helm
    from policylint.helm.sources.release import rollback

    remedy = (
        "policylint check release:NAMESPACE/NAME --rollback REVISION,"
        " or an exported record in its place"
    )
    if bool(options.before) == bool(options.after):
        raise UsageError("--rollback takes one side, the release", remedy=remedy)
    if not options.rollback.isdigit():
        raise UsageError(
            f"--rollback takes the number of a revision, not {options.rollback!r}", remedy=remedy
        )
    helm = "" if options.helm == "embedded" else options.helm
    return rollback(options.before or options.after, int(options.rollback), find_helm(helm))


def _has_charts(before: Side, after: Side) -> bool:
    """Whether both sides are charts, which a values mode needs."""
    record = isinstance(before, ManifestSide) and before.revision and before.revision.chart_record
    return isinstance(after, ChartSide) and (isinstance(before, ChartSide) or bool(record))


def _check_mode(mode: str) -> None:
    if not mode:
        return
    from policylint.helm.values.modes import Mode

    if mode not in list(Mode):
        raise UsageError(
            f"no values mode is called {mode!r}",
            remedy=nearest(mode, list(Mode), f"the modes are {', '.join(Mode)}"),
        )


def _under_mode(settings: Settings, before: Side, after: Side, workspace: Workspace) -> Side:
    """The after side as `--values-mode` makes Helm render it, or no flag does where the release's
    record is known."""
    from policylint.helm.values.stage import staged, values_change

    mode = settings.options.values_mode
    line = settings.line or installed_line(settings.options) or "4"
    change = values_change(before, after, mode, line)
    recorded = isinstance(before, ManifestSide) and before.revision is not None
    if mode and (change is None or (change.old is None and not recorded)):
        raise UsageError(
            "--values-mode needs the old chart and its values",
            remedy="name the release as it runs: --before git:REV, a chart, or an exported release",
        )
    return staged(after, change, workspace)


def of_release(options: Options, release: Release, deployment: Deployment | None = None) -> Options:
    """The options with what the configuration says of one release; the command line's own words
    win.

    `deployment` is what the command that deploys it adds where the configuration is silent: the
    version of a chart.
    """
    version = release.version
    if not version and deployment is not None and not Path(release.chart).exists():
        version = deployment.version or ""
    configured = {
        "after": _near(release.chart),
        "release": release.name,
        "namespace": release.namespace,
        "version": version,
        "repo": release.repo,
        "kube_version": release.kubernetes,
        "helm_version": release.helm,
        "apply": as_apply(release.apply),
        "values_mode": release.values_mode,
        "environment": release.environment,
        "api_versions": release.api_versions,
    }
    silent = {name: value for name, value in configured.items() if not getattr(options, name)}
    values = replace(
        options.values,
        files=(*release.values, *options.values.files),
        set=(*release.sets, *options.values.set),
    )
    return replace(options, values=values, **silent)


def _near(path: str) -> str:
    """A path as a person at the current directory would write it."""
    here = Path.cwd()
    if Path(path).is_relative_to(here):
        return os.path.relpath(path, here)
    return path


def chart_side(settings: Settings) -> ChartSide:
    """The chart of the options as a side to render."""
    options = settings.options
    return ChartSide(
        chart=options.after,
        values=options.values,
        release=options.release or UNNAMED,
        namespace=options.namespace or default_namespace(),
        version=options.version,
        repo=options.repo,
        kube_version=minor(settings),
        api_versions=settings.api_versions,
        include_crds=options.include_crds,
        label=options.after,
        extra=options.extra,
    )
