"""The gate: the configuration that judges. It belongs to the base.

In the CI job of a pull request, rules, severities, levels, strictness, assumed modes and extra
CRDs are those of the base; what the pull request changes there is told, and holds from the next
change on. On a laptop the work tree counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from policylint.config import Config, Environment, Release
from policylint.engine.waivers import Policy
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.sources import ci
from policylint.helm.sources.checkout import Checkout
from policylint.model import Category, Json, Severity
from policylint.pipeline.base import Base, base_of, pairs_of
from policylint.report.gate import GateChange, GateChanges
from policylint.report.waivers import Waiver


class Gate(Struct, frozen=True):
    """What judges: a configuration, where it is from, and what the change would do to it."""

    config: Config
    base: Base | None = None
    is_base: bool = False
    """Whether the base's configuration judges, not the work tree's."""
    changes: GateChanges = GateChanges()

    def release(self, before: Release | None, declared: Release) -> Release:
        """A release with the modes that are assumed of it as the gate has them."""
        if not self.is_base or before is None:
            return declared
        return replace(
            declared,
            values_mode=before.values_mode,
            kubernetes=before.kubernetes,
            helm=before.helm,
            apply=before.apply,
        )


def gate_of(options: Options, config: Config, workspace: Workspace) -> Gate:
    """The gate of a run. Raises SourceError where the base of a pull request cannot be told."""
    by_base = ci.is_pull_request() and not options.config
    is_configured_run = not (options.after or options.rollback)
    if not by_base:
        return Gate(config, base_of(options, config) if is_configured_run else None)
    base = base_of(replace(options, before=""), config)
    if base is None:
        return Gate(config)
    judging = _judging(config, base, workspace)
    changes = GateChanges(
        tuple(gate_changes(config, base.config or Config())), base.revision.label, config.file
    )
    compared = base_of(options, config) if options.before else base
    return Gate(judging, compared if is_configured_run else None, True, changes)


def _judging(config: Config, base: Base, workspace: Workspace) -> Config:
    """The configuration that judges a pull request: the base's, but for the releases."""
    own = base.config or Config()
    return replace(
        own,
        file=config.file,
        releases=config.releases,
        environments={**config.environments, **own.environments},
        crds=_at_base(own.crds, base, workspace),
        policies=_at_base(own.policies, base, workspace),
        waivers=(*own.waivers, *_allowed(config, own)),
    )


def _allowed(config: Config, base: Config) -> tuple[Waiver, ...]:
    """The waivers that the change adds and whose owners the base lets do so."""
    owners = base.waiver_policy.allow_new
    return tuple(waiver for waiver in _added(config, base) if waiver.owner in owners)


def _added(config: Config, base: Config) -> Iterator[Waiver]:
    earlier = {waiver.says for waiver in base.waivers}
    return (waiver for waiver in config.waivers if waiver.says not in earlier)


def _at_base(files: tuple[str, ...], base: Base, workspace: Workspace) -> tuple[str, ...]:
    """Copies of files of the repository as they stood at the base; others as they are."""
    if not files:
        return ()
    checkout = Checkout(base.repository, base.revision.commit, workspace.directory())
    copies = []
    for file in files:
        inside = base.repository.path_of(file)
        copied = inside and checkout.add(inside)
        copies.append(str(checkout.root / inside) if copied else file)
    return tuple(copies)


def gate_changes(config: Config, base: Config) -> Iterator[GateChange]:
    """What the change does to whatever decides the verdict."""
    yield from _of_settings("", config, base)
    yield from _of_rules("rules", config.rules, base.rules)
    for waiver in _added(config, base):
        counts = waiver.owner in base.waiver_policy.allow_new
        yield GateChange("waivers", "(none)", f"{waiver}: {waiver.reason}", not counts)
    added = config.baseline.more_than(base.baseline)
    if added:
        known = len(base.baseline.entries), len(config.baseline.entries)
        yield GateChange("baseline", f"{known[0]} entries", f"{known[1]} entries", True)
    for name, own in base.environments.items():
        new = config.environments.get(name, Environment())
        yield from _of_settings(f"environments.{name}.", new, own)
        yield from _of_rules(f"environments.{name}.rules", new.rules, own.rules)
    for pair in pairs_of(base.releases, config.releases):
        if pair.before and pair.after:
            yield from _of_settings(f"releases.{pair.after.name}.", pair.after, pair.before)


def _of_settings(prefix: str, new: object, old: object) -> Iterator[GateChange]:
    for attribute, loosens in _LOOSENS.items():
        if not hasattr(old, attribute):
            continue
        before, after = getattr(old, attribute), getattr(new, attribute)
        if before != after:
            key = prefix + attribute.replace("_", "-")
            yield GateChange(key, _shown(before), _shown(after), loosens(before, after))


def _of_rules(
    prefix: str, new: Mapping[str, Json], old: Mapping[str, Json]
) -> Iterator[GateChange]:
    for rule in sorted({*new, *old}):
        before, after = old.get(rule), new.get(rule)
        if before != after:
            loosens = _strictness(after) <= _strictness(before)
            key = f"{prefix}.{rule}"
            yield GateChange(key, _setting(before), _setting(after), loosens)


def _strictness(setting: Json) -> int:
    """How strict a rule's setting is; a rule that is only given parameters counts as its own."""
    severity = setting.get("severity") if isinstance(setting, Mapping) else setting
    if severity in (False, "off"):
        return -1
    levels = [str(level) for level in (Severity.NOTE, Severity.WARNING, Severity.ERROR)]
    return levels.index(str(severity)) if str(severity) in levels else 3


def _setting(setting: Json) -> str:
    """A rule's setting as the file has it: YAML reads `off` as false."""
    return "off" if setting is False else _shown(setting)


def _shown(value: object) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value)) or "(none)"
    if isinstance(value, Policy):
        return f"require {_shown(value.require)}, allow-new {_shown(value.allow_new)}"
    if value is None or value == "" or value == {}:
        return "(none)"
    return str(value)


def _fewer_rules(before: tuple[str, ...], after: tuple[str, ...]) -> bool:
    """Whether `select` chooses less: some where it chose all, or not all that it chose."""
    return bool(after) and not (before and set(before).issubset(after))


def _softer_level(before: Category | None, after: Category | None) -> bool:
    order = [Category(level) for level in Category if level is not Category.POLICY]
    deepest = len(order) - 1
    depths = [order.index(level) if level else deepest for level in (before, after)]
    return depths[1] < depths[0]


def _softer_threshold(before: Severity | None, after: Severity | None) -> bool:
    return (after or Severity.ERROR).rank > (before or Severity.ERROR).rank


def _always(_before: object, _after: object) -> bool:
    return True


def _never(_before: object, _after: object) -> bool:
    return False


_LOOSENS: Mapping[str, Callable[..., bool]] = {
    "select": _fewer_rules,
    "ignore": lambda before, after: not set(after).issubset(before),
    "level": _softer_level,
    "fail_on": _softer_threshold,
    "strict": lambda before, after: before and not after,
    "crds": _always,
    "policies": _always,
    "immutable_paths": lambda before, after: not set(before).issubset(after),
    "scan_ignore": lambda before, after: not set(after).issubset(before),
    "values_mode": lambda _before, after: after in ("reuse", "reset-then-reuse"),
    "kubernetes": _never,
    "helm": _never,
    "apply": _never,
    "default_branch": _always,
    "waiver_policy": _always,
}
"""The settings that decide a verdict, by attribute: whether a change of one makes it milder."""
