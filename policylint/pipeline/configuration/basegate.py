"""The gate of a pull request: the base's configuration made the one that judges, and what the
change would do to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from msgspec.structs import replace

from policylint.config import Config, Environment, PathRules, Release
from policylint.engine.criteria import Pack, Policy
from policylint.helm.inputs.declaring import DeclaredSettings
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.sources.changes import is_below
from policylint.helm.sources.checkout import Checkout
from policylint.model import Category, Json, Severity
from policylint.pipeline.configuration.base import Base, pairs_of
from policylint.pipeline.configuration.settings import first
from policylint.report.gate import GateChange
from policylint.report.lock import Locked
from policylint.report.places import shown_path
from policylint.report.waivers import Waiver

_Entry = TypeVar("_Entry", Environment, Release)


def judging_config(config: Config, base: Base, workspace: Workspace) -> Config:
    """The configuration that judges a pull request: the base's, but for the releases."""
    own = base.config or Config()
    copies = _copies(base, workspace)
    return replace(
        own,
        file=config.file or own.file,
        releases=config.releases,
        environments={**dict(_new_environments(config, own)), **own.environments},
        crds=_at_base(own.crds, copies),
        policies=_at_base(own.policies, copies),
        packs=_packs_at_base(own.packs, copies),
        called={f"{copies.root}/": f"{base.revision.label}:"},
        waivers=(*own.waivers, *_allowed(config, own)),
    )


def _new_environments(config: Config, base: Config) -> Iterator[tuple[str, Environment]]:
    """The environments that the change brings, without what it would judge them by."""
    for name, environment in config.environments.items():
        if name not in base.environments:
            yield name, _as_facts(environment)


def _as_facts(entry: _Entry) -> _Entry:
    """An entry without what decides a verdict: what is left says what is deployed, and where."""
    return replace(entry, rules={}, level=None, fail_on=None)


def _allowed(config: Config, base: Config) -> tuple[Waiver, ...]:
    """The waivers that the change adds and whose owners the base lets do so."""
    owners = base.waiver_policy.allow_new
    return tuple(waiver for waiver in _added(config, base) if waiver.owner in owners)


def _added(config: Config, base: Config) -> Iterator[Waiver]:
    earlier = {waiver.says for waiver in base.waivers}
    return (waiver for waiver in config.waivers if waiver.says not in earlier)


def options_at_base(options: Options, base: Base, workspace: Workspace) -> Options:
    """The options whose definitions and policies of this repository are the base's copies."""
    copies = _copies(base, workspace)
    return replace(
        options,
        crds=_at_base(options.crds, copies),
        policies=_at_base(options.policies, copies),
    )


def _copies(base: Base, workspace: Workspace) -> Checkout:
    """The copy of the base's files that decide the verdict."""
    return workspace.once(
        ("gate", base.revision.commit),
        lambda: Checkout(base.repository, base.revision.commit, workspace.directory()),
    )


def _packs_at_base(packs: tuple[Pack, ...], copies: Checkout) -> tuple[Pack, ...]:
    """The packs as they stood at the base, by the names that they have here."""
    own = tuple(pack for pack in packs if pack.source is None)
    paths = _at_base(tuple(pack.path for pack in own), copies)
    copied = tuple(
        replace(pack, path=path, name=pack.name or Path(pack.path).stem)
        for pack, path in zip(own, paths, strict=True)
    )
    return (*copied, *(pack for pack in packs if pack.source is not None))


def _at_base(files: tuple[str, ...], copies: Checkout) -> tuple[str, ...]:
    """Copies of files of the repository as they stood at the base; others as they are."""
    paths = []
    for file in files:
        inside = copies.repository.path_of(file)
        is_copied = inside and copies.add(inside)
        paths.append(str(copies.root / inside) if is_copied else file)
    return tuple(paths)


def gate_changes(config: Config, base: Config) -> Iterator[GateChange]:
    """What the change does to whatever decides the verdict."""
    yield from _of_settings("", config, base)
    yield from _of_settings("declared.", config.declared, base.declared)
    yield from _of_rules("rules", config.rules, base.rules)
    for waiver in _added(config, base):
        counts = waiver.owner in base.waiver_policy.allow_new
        yield GateChange("waivers", "(none)", f"{waiver}: {waiver.reason}", not counts)
    added = config.baseline.more_than(base.baseline)
    if added:
        known = len(base.baseline.entries), len(config.baseline.entries)
        yield GateChange("baseline", f"{known[0]} entries", f"{known[1]} entries", True)
    yield from _of_environments(config, base)
    yield from _of_releases(config, base)


def _of_environments(config: Config, base: Config) -> Iterator[GateChange]:
    for name in {**base.environments, **config.environments}:
        new = config.environments.get(name, Environment())
        old = base.environments.get(name, _as_facts(new))
        yield from _of_entry(f"environments.{name}.", new, old, base)


def _of_releases(config: Config, base: Config) -> Iterator[GateChange]:
    for pair in pairs_of(base.releases, config.releases):
        if pair.after:
            old = pair.before or _as_facts(pair.after)
            outer = base.environments.get(old.environment, base)
            yield from _of_entry(f"releases.{old.name}.", pair.after, old, outer, base)


def _of_entry(
    prefix: str, new: _Entry, old: _Entry, *outer: Config | Environment
) -> Iterator[GateChange]:
    """What changes of an entry; what it leaves out is as the outer ones have it, nearest first."""
    inherited = Environment(
        level=first(layer.level for layer in outer),
        fail_on=first(layer.fail_on for layer in outer),
    )
    yield from _of_settings(prefix, new, old, inherited)
    yield from _of_rules(f"{prefix}rules", new.rules, old.rules)


def content_changes(options: Options, base: Base, workspace: Workspace) -> Iterator[GateChange]:
    """The files of the gate whose content the change touches, behind links too; the base's copies
    judge."""
    own = base.config or Config()
    named: dict[str, tuple[str, ...]] = {
        "crds": (*own.crds, *options.crds),
        "policies": (*own.policies, *options.policies),
        "packs": tuple(pack.path for pack in own.packs if pack.path),
    }
    if not any(named.values()):
        return
    changed = sorted(base.repository.changed(base.revision.commit))
    for key, files in named.items():
        tops = _read_at_base(files, base, workspace)
        touched = [path for path in changed if is_below(path, tops)]
        if touched:
            yield GateChange(key, "what the base has", f"other content: {', '.join(touched)}", True)


def _read_at_base(files: Iterable[str], base: Base, workspace: Workspace) -> set[str]:
    """The paths in the repository of files of the gate, and of what links there lead to."""
    checkout = Checkout(base.repository, base.revision.commit, workspace.directory())
    checkout.add(*filter(None, map(base.repository.path_of, files)))
    return checkout.asked


def _of_settings(
    prefix: str, new: object, old: object, inherited: object = None
) -> Iterator[GateChange]:
    """What differs of the settings that both have; one that is left out is the `inherited` one."""
    for attribute, loosens in _LOOSENS.items():
        if not hasattr(old, attribute):
            continue
        before, after = getattr(old, attribute), getattr(new, attribute)
        if before != after:
            key = prefix + _KEYS.get(attribute, attribute.replace("_", "-"))
            outer = getattr(inherited, attribute, None)
            is_looser = loosens(_over(before, outer), _over(after, outer))
            yield GateChange(key, _shown(before), _shown(after), is_looser)


def _over(value: object, outer: object) -> object:
    if value is None:
        return outer
    return value


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
    if value is None or value == "":
        return "(none)"
    return shown_path(str(value))


def _of_list(values: tuple[object, ...]) -> str:
    return ", ".join(map(_shown, values)) or "(none)"


def _of_paths(entry: PathRules) -> str:
    levels = f"level {_shown(entry.level)}, fail-on {_shown(entry.fail_on)}"
    rules = ", ".join(f"{rule} {_setting(entry.rules[rule])}" for rule in entry.rules)
    return f"{shown_path(entry.glob)} ({levels}, rules {rules or '(none)'})"


def _of_row(row: DeclaredSettings) -> str:
    names = ("path", "cluster", "kubernetes", "helm", "environment")
    return " ".join(f"{name} {getattr(row, name)}" for name in names if getattr(row, name))


def _of_table(table: Mapping[Any, object]) -> str:
    return "; ".join(f"{_shown(key)} {_shown(value)}" for key, value in table.items()) or "(none)"


def _of_policy(policy: Policy) -> str:
    return f"require {_of_list(policy.require)}, allow-new {_of_list(policy.allow_new)}"


def _of_pack(pack: Pack) -> str:
    place = pack.source.key if pack.source else shown_path(pack.path)
    if not pack.never_fails:
        return place
    until = f", until {pack.until}" if pack.until else ""
    return f"{place} (fails never{until})"


def _of_lock(locked: Locked) -> str:
    return f"{locked.source} {locked.digest[:19]}"


_WORDS: Mapping[type, Callable[[Any], str]] = {
    PathRules: _of_paths,
    DeclaredSettings: _of_row,
    Policy: _of_policy,
    Pack: _of_pack,
    Locked: _of_lock,
    Mapping: _of_table,
    tuple: _of_list,
    list: _of_list,
}
"""How values of settings are shown."""


def _chooses_less(before: tuple[str, ...], after: tuple[str, ...]) -> bool:
    """Whether a choice takes less: some where it chose all, or not all that it chose."""
    return bool(after) and not (before and set(before).issubset(after))


def _softer_level(before: Category | None, after: Category | None) -> bool:
    order = [Category(level) for level in Category if level is not Category.POLICY]
    deepest = len(order) - 1
    depths = [order.index(level) if level else deepest for level in (before, after)]
    return depths[1] < depths[0]


def _softer_threshold(before: Severity | None, after: Severity | None) -> bool:
    return (after or Severity.ERROR).rank > (before or Severity.ERROR).rank


def _fewer_entries(before: Iterable[object], after: Iterable[object]) -> bool:
    return not set(before).issubset(after)


def _more_entries(before: Iterable[object], after: Iterable[object]) -> bool:
    return not set(after).issubset(before)


def _always(_before: object, _after: object) -> bool:
    return True


def _never(_before: object, _after: object) -> bool:
    return False


_LOOSENS: Mapping[str, Callable[..., bool]] = {
    "select": _chooses_less,
    "ignore": _more_entries,
    "level": _softer_level,
    "fail_on": _softer_threshold,
    "strict": lambda before, after: before and not after,
    "crds": _always,
    "policies": _fewer_entries,
    "immutable_paths": lambda before, after: _fewer_entries(before.items(), after.items()),
    "scan_ignore": _more_entries,
    "include": _chooses_less,
    "exclude": _more_entries,
    "fetch": _always,
    "clusters": _never,
    "rows": _always,
    "values_mode": lambda _before, after: after in ("reuse", "reset-then-reuse"),
    "kubernetes": _never,
    "helm": _never,
    "apply": _never,
    "api_versions": _never,
    "default_branch": _always,
    "waiver_policy": _always,
    "packs": _fewer_entries,
    "paths": _always,
    "extends": _always,
    "shared": _always,
    "lock": _always,
}
"""The settings that decide a verdict, by attribute: whether a change of one makes it milder."""

_KEYS = {"scan_ignore": "scan.ignore", "rows": "at"}
"""What the file calls a setting, where that is not its attribute's name."""
