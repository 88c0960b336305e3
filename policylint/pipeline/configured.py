"""The releases of the configuration as plans: each side as its own revision declares it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from policylint.config import BESIDE, Config, Release
from policylint.errors import PolicylintError, SourceError, UsageError
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.sides import ChartSide, EmptySide
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.sources.changes import touches
from policylint.helm.sources.resolve import resolve_at, unknown_before
from policylint.helm.sources.snapshot import checkout_of
from policylint.pipeline.configuration.base import Base, Pair, moves, paired
from policylint.pipeline.configuration.gate import Gate
from policylint.pipeline.configuration.listing import Listing
from policylint.pipeline.configuration.settings import Settings, resolve
from policylint.pipeline.deployed.runs import runs_at, runs_now
from policylint.pipeline.plan import Plan, chart_side, is_pulled, of_release, plan_of
from policylint.pipeline.target import installed_line
from policylint.report.places import shown_path
from policylint.report.waivers import Waiver
from policylint.scan.invocations.model import Invocation
from policylint.scan.repository.deploys import Deployment, deployment, is_aside


class _Deployed(Struct, frozen=True):
    """How the files of the repository deploy a release, at the base and now."""

    before: Deployment
    after: Deployment


def configured_plans(
    options: Options, config: Config, gate: Gate, workspace: Workspace
) -> tuple[Plan, ...]:
    """One plan for each release that the configuration declares, at the base or now.

    Raises `UsageError` where it declares none, and none was there.
    """
    pairs = paired(gate.base, config, options.environment)
    if not pairs:
        raise UsageError(
            "nothing to check: no chart is named, and no release is configured",
            file=config.file,
            remedy="policylint check CHART, or list releases in .policylint.yaml",
        )
    if gate.base is not None:
        _copy_at_once(gate.base, pairs, workspace)
    deployed = _deployments(pairs, gate, workspace)
    rows = list(zip(pairs, deployed, strict=True))
    if options.changed:
        rows = _touched(options, rows, config, gate.base)
    notes = _moved(pairs)
    if gate.base is not None and gate.base.config is None:
        notes = dict.fromkeys((pair.key for pair in pairs), _undeclared(gate.base))
    return tuple(
        _planned(options, gate, pair, how, notes.get(pair.key, ()), workspace) for pair, how in rows
    )


def _copy_at_once(base: Base, pairs: Sequence[Pair], workspace: Workspace) -> None:
    """Copy what the releases were made of with a few questions to git, not with some for each."""
    workspace.once(("repository of", base.repository.top), lambda: base.repository)
    releases = [pair.before for pair in pairs if pair.before is not None]
    named = {path for release in releases for path in (release.chart, *release.values)}
    paths = {base.repository.path_of(path) for path in named if "://" not in path} - {""}
    with suppress(PolicylintError):  # said of the release that it is about, when that is planned
        checkout_of(base.repository, base.revision, workspace).add(*sorted(paths))


def _planned(
    options: Options,
    gate: Gate,
    pair: Pair,
    deployed: _Deployed,
    notes: tuple[str, ...],
    workspace: Workspace,
) -> Plan:
    """The plan of one release; what cannot be had of it leaves the others as they are."""
    declared = pair.declared
    judged = gate.release(declared)
    own = of_release(options, judged, deployed.after)
    config = gate.config
    if pair.after is None:  # its environment may be gone too
        config = replace(config, releases=(*config.releases, declared))
    settings = _as_deployed(resolve(own, config, judged), deployed.before)
    try:
        plan = _plan(options, settings, gate, pair, deployed, workspace)
    except UsageError:
        raise
    except PolicylintError as error:
        nothing = EmptySide(declared.chart)
        return Plan(declared.name, declared.namespace, nothing, nothing, settings, error=error)
    before = replace(plan.before, notes=(*plan.before.notes, *notes))
    return replace(plan, before=before, listing=_listing(gate.config, declared))


def _listing(config: Config, release: Release) -> Listing:
    files = (config.file, *reversed(config.extends))
    return Listing(files, release.name, release.namespace, release.environment)


def _plan(
    options: Options,
    settings: Settings,
    gate: Gate,
    pair: Pair,
    deployed: _Deployed,
    workspace: Workspace,
) -> Plan:
    how, mode = deployed.after, deployed.before.values_mode or ""
    if pair.after is None:
        _refuse_still_deployed(pair.declared, how.invocations, gate)
    if gate.base is None:
        return plan_of(settings, workspace, how.invocations, mode)
    sides = resolve_at(
        gate.base.revision,
        _before_chart(options, settings, gate.base, pair, deployed.before),
        chart_side(settings) if pair.after else None,
        workspace,
        settings.options.helm,
    )
    plan = plan_of(settings, workspace, how.invocations, mode, sides)
    if pair.before is not None:
        earlier = deployed.before.invocations
    else:
        earlier = ()
    return replace(plan, change=_change(pair), earlier=earlier)


def _refuse_still_deployed(release: Release, invocations: Sequence[Invocation], gate: Gate) -> None:
    """Raise SourceError where files go on deploying what the configuration no longer lists: that is
    no uninstall, and nobody says what is deployed."""
    for run in invocations:
        if not is_aside(run.file):
            raise SourceError(
                f"{release.namespace}/{release.name} is no longer listed in"
                f" {shown_path(gate.config.file)}, and {run.file}:{run.line} goes on deploying it",
                remedy="list it again, or take out what deploys it",
            )


def _before_chart(
    options: Options, settings: Settings, base: Base, pair: Pair, how: Deployment
) -> ChartSide | None:
    """The chart of the before side, as the base's configuration declares it."""
    if pair.before is None:
        return None
    if base.config is None:
        return _deployed_chart(chart_side(settings), how)
    return chart_side(resolve(of_release(options, pair.before, how), base.config))


def _deployed_chart(chart: ChartSide, how: Deployment) -> ChartSide:
    """The chart of a release that no configuration declared yet: of one that helm pulls, the
    version that the base's own files deploy. Raises SourceError where they name none."""
    if not is_pulled(chart):
        return chart
    if not how.version:
        raise unknown_before(chart)
    return replace(chart, version=how.version)


def _change(pair: Pair) -> str:
    if pair.before is None:
        return "created"
    if pair.after:
        return "kept"
    return "deleted"


def _moved(pairs: Sequence[Pair]) -> dict[tuple[str, str, str], tuple[str, ...]]:
    """What is said of releases that have another namespace or environment now, by the key of
    either side."""
    notes: dict[tuple[str, str, str], tuple[str, ...]] = {
        pair.key: _renamed(pair.before, pair.after) for pair in pairs if pair.before and pair.after
    }
    for before, after in moves(pairs):
        words = (
            f"{before.name} goes from namespace {before.namespace} to {after.namespace}:"
            " Helm moves no release, so the old one stays until it is uninstalled",
        )
        for release in (before, after):
            notes[release.namespace, release.name, release.environment] = words
    return notes


def _undeclared(base: Base) -> tuple[str, ...]:
    return (
        f"{base.revision.label} has no configuration: values and settings of the release are taken"
        " to be as they are now",
    )


def _renamed(before: Release, after: Release) -> tuple[str, ...]:
    if before.environment == after.environment:
        return ()
    names = [release.environment or "(none)" for release in (before, after)]
    return (
        f"{after.name} goes from environment {names[0]} to {names[1]} and is compared as one"
        " release: where these are two clusters, the old one stays until it is uninstalled",
    )


def _as_deployed(settings: Settings, how: Deployment) -> Settings:
    """With the flags of the command that deploys the release."""
    options = settings.options
    forced = _forced(settings, how)
    taking = options.take_ownership or bool(how.take_ownership)
    conflicts = options.force_conflicts or bool(how.force_conflicts)
    options = replace(forced.options, take_ownership=taking, force_conflicts=conflicts)
    return replace(forced, options=options)


def _forced(settings: Settings, how: Deployment) -> Settings:
    """With `--force` where the command that deploys the release has it and Helm 3 runs it, as Helm
    4 does not take it together with server-side apply."""
    options = settings.options
    if not how.force or options.force or options.apply:
        return settings
    line = settings.line or how.line or installed_line(options)
    return replace(settings, options=replace(options, force=line == "3"))


def _deployments(pairs: Sequence[Pair], gate: Gate, workspace: Workspace) -> list[_Deployed]:
    """How the files of the repository deploy these releases.

    A command that the change itself brings may be a decoy that nothing runs: how a release is
    judged is what the base's own files say.
    """
    root, skip, base = Path(gate.config.file).resolve().parent, gate.config.scan_ignore, gate.base
    now = runs_now(root, skip)
    then = now
    if base is not None:
        then = runs_at(base.repository, base.revision.commit, root, now, skip, workspace)
    listed = {pair.after.name for pair in pairs if pair.after}
    return [
        _Deployed(
            _deployment(then, pair.before or pair.after, root),
            _deployment(now, pair.after or _gone(pair, listed), root),
        )
        for pair in pairs
    ]


def _gone(pair: Pair, listed: set[str]) -> Release | None:
    """The release of a pair that is no longer listed; None where another of its name still is,
    which is what the files deploy."""
    if pair.before is None or pair.before.name in listed:
        return None
    return pair.before


def _deployment(
    invocations: Sequence[Invocation], release: Release | None, root: Path
) -> Deployment:
    if release is None:
        return Deployment()
    chart = os.path.relpath(release.chart, root)
    return deployment(invocations, release.name, release.namespace, chart, release.environment)


def _touched(
    options: Options,
    rows: Sequence[tuple[Pair, _Deployed]],
    config: Config,
    base: Base | None,
) -> list[tuple[Pair, _Deployed]]:
    """Those of the releases that the change touches: by their declaration, by what deploys them,
    or by the files named, else those that git knows."""
    if not options.changed_files and _is_other(config, base):
        return list(rows)
    files, shared = options.changed_files, _shared(config)
    if files:
        shared += _of_configuration(config)
    else:
        files = _changed_files(base)
    repository = base.repository if base is not None else None
    return [
        (pair, how)
        for pair, how in rows
        if _is_redeclared(pair, how)
        or touches(_named_chart(options, pair.declared), shared, files, repository)
    ]


def _is_redeclared(pair: Pair, how: _Deployed) -> bool:
    return pair.before != pair.after or _facts(how.before) != _facts(how.after)


def _facts(how: Deployment) -> Deployment:
    """What a deploy says of the upgrade, wherever its commands stand."""
    return replace(how, invocations=())


def _shared(config: Config) -> tuple[str, ...]:
    """The files whose change touches every release, but for the configuration's own."""
    packs = (pack.path for pack in config.packs if pack.path)
    return (*config.crds, *config.policies, *packs)


def _of_configuration(config: Config) -> tuple[str, ...]:
    """The files that a configuration is made of."""
    beside = (str(Path(config.file).parent / name) for name in BESIDE)
    return (config.file, *config.extends, *beside)


def _is_other(config: Config, base: Base | None) -> bool:
    """Whether a configuration differs from that of the base in more than its releases, which are
    compared one by one."""
    if base is None or base.config is None:
        return True
    now, then = (replace(side, releases=(), waivers=()) for side in (config, base.config))
    return now != then or _say(config.waivers) != _say(base.config.waivers)


def _say(waivers: Iterable[Waiver]) -> list[tuple[object, ...]]:
    return [waiver.says for waiver in waivers]


def _changed_files(base: Base | None) -> tuple[str, ...]:
    if base is None:
        return ()
    repository = base.repository
    names = repository.changed(base.revision.commit) | repository.ignored()
    return tuple(str(repository.top / name) for name in names)


def _named_chart(options: Options, release: Release) -> ChartSide:
    own = of_release(options, release)
    return ChartSide(own.after, values=own.values)
