"""The plans of what a repository declares: of the releases that a change touches, or of all."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from policylint.config import Config
from policylint.errors import PolicylintError, RuleFailure, UsageError
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.sides import ChartSide, EmptySide, Side
from policylint.helm.inputs.workspace import Workspace
from policylint.model import Json, Location
from policylint.pipeline.configuration.gate import Gate
from policylint.pipeline.configuration.settings import resolve
from policylint.pipeline.declared.change import (
    Change,
    beside,
    failures,
    is_touched,
    nothing,
    resolved,
)
from policylint.pipeline.declared.fetching import policy
from policylint.pipeline.declared.listed import COMMANDS, is_listed
from policylint.pipeline.declared.pairs import Pair, handed_over, paired, stays
from policylint.pipeline.declared.sides import mode_of, options_of, side_of
from policylint.pipeline.declared.terraform import plan_of as plan_of_terraform
from policylint.pipeline.declared.terraform import planned_change
from policylint.pipeline.plan import Plan, plan_of
from policylint.pipeline.postrender import can_apply
from policylint.report.model import ChartChange, ChartVersion, ReleaseSource
from policylint.scan.gitops.model import Declared
from policylint.scan.gitops.origins import version_place
from policylint.scan.gitops.rollout import Rollout
from policylint.scan.repository.deploys import is_aside

_ANSWERED = {
    "command": "which releases it takes, and in which environment, its run tells",
    "upgrade.disableHooks": "whether the chart's hooks, such as migrations, run at all",
    "serviceAccountName": "whether the account may do all of this, the cluster tells",
    "source.verify": "the chart's signature is not verified here",
}
"""Settings whose change is told, and why no more is."""
_ELSEWHERE = {
    "kubeConfig": (
        "it is installed in another cluster, and what is in the old one stays there",
        "uninstall it in the old cluster, or keep kubeConfig as it is",
    ),
    "modules": (
        "which calls of its module make the release, and how often, terraform alone tells",
        "give the plan: terraform show -json PLAN > plan.json && policylint check plan.json",
    ),
}
"""Settings whose change leaves the compared release behind: what that does, and what to do."""


class Loaded(Struct, frozen=True):
    """The plans of a run, what kept others from being found, and what was left out."""

    plans: tuple[Plan, ...]
    failures: tuple[RuleFailure, ...] = ()
    untouched: tuple[str, ...] = ()


def declared_plans(options: Options, config: Config, workspace: Workspace) -> Loaded:
    """The plans of the releases that a change touches, or of all with `--all`.

    Raises `UsageError` where nothing is declared at either revision, SourceError where there is no
    base.
    """
    change = _change(options, config, workspace)
    pairs = paired(*change.sides)
    if not pairs and not any(change.problems):
        raise nothing(config.file)
    return _loaded(options, config, change, pairs, workspace)


def plans_beside(options: Options, config: Config, gate: Gate, workspace: Workspace) -> Loaded:
    """The plans of the declared releases that a change touches and the configuration does not
    list: listing some hides none of the others.

    Which it lists, the judging configuration says; `config` is that of the work tree.
    """
    base = gate.base
    if base is None:
        return Loaded(())
    files = base.repository.changed(base.revision.commit)
    if not files and not options.everything:
        return Loaded(())
    change = beside(base, options, gate.config, config, files, workspace)
    judging = gate.judge or config
    pairs = [
        pair
        for pair in paired(*change.sides)
        if not is_listed(pair.declared, judging.releases, base.repository)
        and not _is_never_known(pair)
        and not _is_example(pair)
    ]
    own = _of_folder(gate.config, base.repository.path_of(Path(judging.file).parent))
    loaded = _loaded(options, own, change, pairs, workspace)
    return replace(loaded, untouched=())


def _of_folder(config: Config, folder: str) -> Config:
    """A configuration that speaks for the directory that it stands in, where it includes nothing
    else."""
    if folder in ("", ".") or config.declared.include:
        return config
    return replace(config, declared=replace(config.declared, include=(glob.escape(folder),)))


def _is_example(pair: Pair) -> bool:
    """Whether it only shows what a release may look like: documentation, a test, or somebody else's
    file, which no Kustomization applies."""
    sides = [side for side in (pair.before, pair.after) if side]
    return all(is_aside(side.file) and not side.settings.get("owner") for side in sides)


def _is_never_known(pair: Pair) -> bool:
    """Whether it is a command that no revision tells wholly: what it deploys, releases are listed
    for."""
    sides = [side for side in (pair.before, pair.after) if side]
    return all(side.tool in COMMANDS and side.unresolved for side in sides)


def _loaded(
    options: Options,
    config: Config,
    change: Change,
    pairs: Sequence[Pair],
    workspace: Workspace,
) -> Loaded:
    options = replace(options, after="", plan="", fetch=policy(options, config))
    covered = [pair for pair in pairs if config.declared.covers(pair.declared.file)]
    wanted = [pair for pair in covered if _is_wanted(pair, change, options)]
    planned = tuple(_planned(options, config, pair, change, workspace) for pair in wanted)
    told = failures(change, config.declared, everything=options.everything)
    return Loaded(planned, told, tuple(_names(covered, wanted)))


def _names(pairs: Sequence[Pair], wanted: Sequence[Pair]) -> Iterator[str]:
    """The releases that are left alone, first those that nothing declares any more."""
    left = [pair for pair in pairs if pair not in wanted]
    for pair in sorted(left, key=lambda pair: pair.after is not None):
        name = f"{pair.declared.namespace}/{pair.declared.name}"
        yield name if pair.after else f"{name} (no longer declared, and nothing uninstalls it)"


def _change(options: Options, config: Config, workspace: Workspace) -> Change:
    """Both sides of the plan that is named, else of the repository."""
    document = plan_of_terraform(options)
    if document is None:
        return resolved(options, config, workspace)
    return planned_change(document, options, config, workspace)


def _is_wanted(pair: Pair, change: Change, options: Options) -> bool:
    return (options.everything or is_touched(pair, change)) and not stays(pair)


def _planned(
    options: Options, config: Config, pair: Pair, change: Change, workspace: Workspace
) -> Plan:
    """The plan of one release; what cannot be had of it leaves the others as they are."""
    declared = pair.declared
    cluster = declared.cluster or declared.environment
    configured = config.declared.settings_of(declared.file, cluster)
    settings = resolve(options_of(options, pair, configured), config)
    facts = {
        "change": _word(pair),
        "source": _source(declared, change),
        "chart": _charts(pair),
        "failures": tuple(_unresolved(pair)),
        "secrets": _secrets(pair),
        "rollout": _rollout(declared, reinstalled=pair.reinstalled, handed=handed_over(pair)),
        "earlier": (*pair.before.invocations, _rollout(pair.before)) if pair.before else (),
        "post_renderers": (_renderers(pair.before), _renderers(pair.after)),
    }
    try:
        after = side_of(pair.after, settings, change, 1, workspace)  # what is new may be refused
        before = side_of(pair.before, settings, change, 0, workspace)
        sides = _as_upgrade((before, after))
        plan = plan_of(
            settings, workspace, declared.invocations, sides=sides, deployed_mode=mode_of(declared)
        )
    except UsageError:
        raise
    except PolicylintError as error:
        empty = EmptySide(declared.chart.shown)
        plan = Plan(declared.name, declared.namespace, empty, empty, settings, error=error)
    before = replace(plan.before, notes=(*plan.before.notes, *_moves(pair)))
    return replace(plan, before=before, **facts)


def _rollout(declared: Declared, **changes: str) -> Rollout:
    """How the tool rolls it out; `reinstalled` is why it uninstalls it and installs it anew,
    `handed` which owner it goes from and to."""
    place = Location("cause", declared.file, declared.line)
    settings = {**declared.settings, **changes}
    return Rollout(declared.tool, settings, place)


def _source(declared: Declared, change: Change) -> ReleaseSource:
    """Where the release is declared, and where the version of its chart is written."""
    file, line = version_place(declared, change.trees[1])
    return ReleaseSource(
        declared.tool,
        declared.file,
        declared.line,
        declared.cluster,
        declared.environment,
        file,
        line,
    )


def _moves(pair: Pair) -> Iterator[str]:
    if pair.moved and not pair.reinstalled:
        old, new = pair.moved
        yield (
            f"{pair.declared.name} goes from namespace {old} to {new}: Helm moves no release,"
            " so it is uninstalled there and installed here, without its data"
        )
    if pair.reinstalled:
        yield f"{pair.reinstalled}: Flux uninstalls the release and installs it anew"
    if pair.before and pair.after:
        yield from _told(pair.before.settings, pair.after.settings)


def _told(before: Mapping[str, Json], after: Mapping[str, Json]) -> Iterator[str]:
    """What changes beside the chart and its values, and is the cluster's to answer."""
    for name, words in _ANSWERED.items():
        if before.get(name, after.get(name)) != after.get(name):
            yield f"{name} changes: {words}"


def _word(pair: Pair) -> str:
    if pair.moved:
        return "moved"
    if pair.before is None:
        return "created"
    if pair.after:
        return "kept"
    return "deleted"


def _charts(pair: Pair) -> ChartChange | None:
    """The chart as it is declared, where one is now."""
    after = _version(pair.after)
    if after:
        return ChartChange(_version(pair.before), after)
    return None


def _version(release: Declared | None) -> ChartVersion | None:
    if release is None:
        return None
    chart = release.chart
    return ChartVersion(chart.name.rpartition("/")[2], chart.version, chart.digest)


def _secrets(pair: Pair) -> tuple[str, ...]:
    both = (pair.before, pair.after)
    return tuple(text for side in both if side for text in side.secrets)


def _unresolved(pair: Pair) -> Iterator[RuleFailure]:
    """What of either side is not as the tool will have it."""
    words = [word for side in (pair.after, pair.before) if side for word in side.unresolved]
    declared = pair.declared
    where = f"{declared.file}:{declared.line}"
    for word in dict.fromkeys(words):
        yield RuleFailure("declared", f"{where}: {word}", "give it: policylint check CHART -f ...")
    if pair.before and pair.after and _added(pair.before) != _added(pair.after):
        change = "commonMetadata changes, which Flux adds to every object: not compared"
        remedy = "see whether a policy of the cluster minds these labels and annotations"
        yield RuleFailure("declared", f"{where}: {change}", remedy)
    yield from _undecided(pair, where)
    if not _applied(pair.before) or not _applied(pair.after):
        yield RuleFailure(
            "post-renderer",
            f"{where}: postRenderers were not run, so what is sent is not known",
            "give their output as the sides: --before before.yaml after.yaml",
        )


def _undecided(pair: Pair, where: str) -> Iterator[RuleFailure]:
    """Settings whose change makes another release of it than what is compared."""
    for name, (words, remedy) in _ELSEWHERE.items():
        sides = [side.settings.get(name) or None for side in (pair.before, pair.after) if side]
        if len(sides) == 2 and sides[0] != sides[1]:
            yield RuleFailure("declared", f"{where}: {name} changes: {words}", remedy)


def _added(release: Declared) -> Json:
    """The labels and annotations that the tool adds to every object."""
    return release.settings.get("commonMetadata") or None


def _applied(release: Declared | None) -> bool:
    """Whether its post-renderers, if any, are applied here."""
    if release:
        renderers = release.settings.get("postRenderers")
    else:
        renderers = None
    return not renderers or can_apply(renderers)


def _renderers(release: Declared | None) -> tuple[Json, ...]:
    if release:
        renderers = release.settings.get("postRenderers")
    else:
        renderers = None
    listed = renderers if isinstance(renderers, list) else []
    if can_apply(listed):
        return tuple(listed)
    return ()


def _as_upgrade(sides: tuple[Side, Side]) -> tuple[Side, Side]:
    before, after = sides
    if isinstance(before, EmptySide) and isinstance(after, ChartSide):
        return before, replace(after, is_upgrade=False)
    return sides
