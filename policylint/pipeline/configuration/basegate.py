"""The gate of a pull request: the base's configuration made the one that judges, and what the
change would do to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from policylint.config import Config, Environment
from policylint.engine.criteria import Pack, Policy
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.sources.checkout import Checkout
from policylint.model import Category, Json, Severity
from policylint.pipeline.configuration.base import Base, pairs_of
from policylint.report.gate import GateChange
from policylint.report.lock import Locked
from policylint.report.waivers import Waiver


def judging_config(config: Config, base: Base, workspace: Workspace) -> Config:
    """The configuration that judges a pull request: the base's, but for the releases."""
    own = base.config or Config()
    return replace(
        own,
        file=config.file or own.file,
        releases=config.releases,
        environments={**config.environments, **own.environments},
        crds=_at_base(own.crds, base, workspace),
        policies=_at_base(own.policies, base, workspace),
        packs=_packs_at_base(own.packs, base, workspace),
        waivers=(*own.waivers, *_allowed(config, own)),
    )


def _allowed(config: Config, base: Config) -> tuple[Waiver, ...]:
    """The waivers that the change adds and whose owners the base lets do so."""
    owners = base.waiver_policy.allow_new
    return tuple(waiver for waiver in _added(config, base) if waiver.owner in owners)


def _added(config: Config, base: Config) -> Iterator[Waiver]:
    earlier = {waiver.says for waiver in base.waivers}
    return (waiver for waiver in config.waivers if waiver.says not in earlier)


def _packs_at_base(packs: tuple[Pack, ...], base: Base, workspace: Workspace) -> tuple[Pack, ...]:
    """The packs as they stood at the base, by the names that they have here."""
    own = tuple(pack for pack in packs if pack.source is None)
    paths = _at_base(tuple(pack.path for pack in own), base, workspace)
    copies = tuple(
        replace(pack, path=path, name=pack.name or Path(pack.path).stem)
        for pack, path in zip(own, paths, strict=True)
    )
    return (*copies, *(pack for pack in packs if pack.source is not None))


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
            prefix = f"releases.{pair.after.name}."
            yield from _of_settings(prefix, pair.after, pair.before)
            yield from _of_rules(f"{prefix}rules", pair.after.rules, pair.before.rules)


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
    if isinstance(setting, Mapping):
        severity = setting.get("severity")
    else:
        severity = setting
    if severity in (False, "off"):
        return -1
    levels = [str(level) for level in (Severity.NOTE, Severity.WARNING, Severity.ERROR)]
    if str(severity) in levels:
        return levels.index(str(severity))
    return 3


def _setting(setting: Json) -> str:
    """A rule's setting as the file has it: YAML reads `off` as false."""
    if setting is False:
        return "off"
    return _shown(setting)


def _shown(value: object) -> str:
    for kind, words in _WORDS.items():
        if isinstance(value, kind):
            return words(value)
    if value is None or value == "" or value == {}:
        return "(none)"
    return str(value)


def _of_list(values: tuple[object, ...]) -> str:
    return ", ".join(map(_shown, values)) or "(none)"


def _of_policy(policy: Policy) -> str:
    return f"require {_of_list(policy.require)}, allow-new {_of_list(policy.allow_new)}"


def _of_pack(pack: Pack) -> str:
    place = pack.source.key if pack.source else pack.path
    if not pack.never_fails:
        return place
    until = f", until {pack.until}" if pack.until else ""
    return f"{place} (fails never{until})"


def _of_lock(locked: Locked) -> str:
    return f"{locked.source} {locked.digest[:19]}"


_WORDS: Mapping[type, Callable[[Any], str]] = {
    Policy: _of_policy,
    Pack: _of_pack,
    Locked: _of_lock,
    tuple: _of_list,
    list: _of_list,
}
"""How values of settings are shown."""


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
    "packs": _always,
    "paths": _always,
    "extends": _always,
    "shared": _always,
    "lock": _always,
}
"""The settings that decide a verdict, by attribute: whether a change of one makes it milder."""
