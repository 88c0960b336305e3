"""`.policylint.yaml` and the files beside it: read, checked against the schema, turned into frozen
values."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import MsgspecError, Struct, json
from msgspec.structs import replace

from policylint.config import BESIDE, PACK, Config, Environment, PathRules, Release
from policylint.engine.catalogue import schema
from policylint.engine.criteria import Pack, Policy, Source
from policylint.engine.judging import severities
from policylint.engine.registry import ids, plugins
from policylint.engine.shape import problems
from policylint.engine.waivers import is_date, lacks
from policylint.errors import ReadError, UsageError, nearest
from policylint.helm.inputs.declaring import DeclaredSettings, Declaring
from policylint.helm.inputs.files import read_text
from policylint.kyaml.load import compose, line_of, load
from policylint.model import Category, Json, Severity
from policylint.report import lock as lockfile
from policylint.report.baseline import SCHEMA, Baseline, Entry
from policylint.report.lock import Locked
from policylint.report.waivers import Waiver

KINDS = ("git", "python", "oci")
"""How a pack may be shared."""
RETIRED: Mapping[str, str] = {
    "kube-version": "kubernetes",
    "helm-version": "helm",
    "suppressions": "waivers",
    "ignore-rules": "ignore",
    "policy-packs": "packs",
}
"""Keys that no file may have any more, by what took their place."""
FIELDS = frozenset(Config.__struct_fields__) - {"file", "extends", "baseline", "lock", "called"}
"""What a configuration may have of the one that it extends."""


def read(path: Path) -> Config:
    """Read a configuration, and the waivers and the baseline beside it. Raises `UsageError` with
    file, line and the nearest valid key."""
    beside = [path.parent / name for name in BESIDE if (path.parent / name).exists()]
    if beside and not path.exists():
        own = Config(str(path))
    else:
        own = parse(_text(path, _shown_path(path)), path, _shown_path(path))
    for file in beside:
        own = with_beside(own, _text(file, _shown_path(file)), _shown_path(file))
    return own


def with_beside(config: Config, text: str, shown: str) -> Config:
    """The configuration with what a file beside it holds: waivers or the baseline."""
    if shown.endswith(".json"):
        return replace(config, baseline=read_baseline(text, shown))
    if shown.endswith(".lock"):
        return replace(config, lock=read_lock(text, shown))
    return with_waivers(config, text, shown)


def read_lock(text: str, shown: str) -> tuple[Locked, ...]:
    """The packs of a lock file. Raises `UsageError` for what is none."""
    try:
        file = json.decode(text.encode(), type=_LockFile)
    except MsgspecError as error:
        raise UsageError(
            f"this is no lock file: {error}", file=shown, remedy="policylint packs update"
        ) from None
    if file.schema != lockfile.SCHEMA:
        raise UsageError(
            f"a lock file of another kind: {file.schema}",
            file=shown,
            remedy="policylint packs update",
        )
    return file.packs


class _LockFile(Struct, frozen=True):
    schema: str
    packs: tuple[Locked, ...]


def read_baseline(text: str, shown: str) -> Baseline:
    """A baseline from its text. Raises `UsageError` for what is none."""
    try:
        file = json.decode(text.encode(), type=_BaselineFile)
    except MsgspecError as error:
        raise UsageError(
            f"this is no baseline: {error}", file=shown, remedy="policylint baseline write"
        ) from None
    if file.schema != SCHEMA:
        raise UsageError(
            f"a baseline of another kind: {file.schema}",
            file=shown,
            remedy=f"this policylint reads {SCHEMA}: policylint baseline write",
        )
    return Baseline.of(file.findings)


class _BaselineFile(Struct, frozen=True):
    schema: str
    findings: tuple[Entry, ...]


def _shown_path(path: Path) -> str:
    if path.is_relative_to(Path.cwd()):
        return str(path.relative_to(Path.cwd()))
    return str(path)


def with_waivers(config: Config, text: str, shown: str) -> Config:
    """The configuration with the waivers of a file of them: a list, or one below `waivers`.

    Raises `UsageError` with file and line.
    """
    raw = load(text, shown)
    root = compose(text, shown)
    path: tuple[str, ...] = () if isinstance(raw, list) else ("waivers",)
    if isinstance(raw, list):
        document = {"waivers": raw}
    else:
        document = raw or {}
    whole = schema("config")
    shape = {**whole, "properties": {"waivers": whole["properties"]["waivers"]}}
    for where, message, remedy in problems(document, shape):
        raise _problem(root, where[1:] if not path else where, text, shown, message, remedy)
    waivers = _waivers(document.get("waivers", ()), root, path, text, shown, config.waiver_policy)
    return replace(config, waivers=(*config.waivers, *waivers))


def _problem(
    root: Any, where: tuple[str | int, ...], text: str, shown: str, message: str, remedy: str
) -> UsageError:
    line = line_of(root, where)
    return UsageError(message, file=shown, line=line, remedy=_as_written(remedy, text, line))


def _waivers(
    entries: Sequence[Mapping[str, Any]],
    root: Any,
    path: tuple[str | int, ...],
    text: str,
    shown: str,
    policy: Policy,
) -> tuple[Waiver, ...]:
    """The waivers of a list at `path` of a file. Raises `UsageError` for one that lacks
    something."""
    waivers = []
    for number, entry in enumerate(entries):
        where: tuple[str | int, ...] = (*path, number)
        waiver = Waiver(**entry, file=shown, line=line_of(root, where))
        missing = lacks(waiver, policy) or ("" if str(waiver) else "what it waives")
        if missing:
            if str(waiver):
                remedy = f"add {missing}"
            else:
                remedy = "name a fingerprint, or a rule and where"
            raise _problem(root, where, text, shown, f"a waiver without {missing}", remedy)
        waivers.append(waiver)
    return tuple(waivers)


def parse(
    text: str,
    path: Path,
    shown: str,
    exists: Callable[[Path], bool] = Path.exists,
    read_also: Callable[[Path], tuple[str, str]] | None = None,
) -> Config:
    """A configuration from its text, as if it stood at `path`, over those that it extends.

    `shown` is what messages call it; `exists` tells whether a path was there when the text was,
    as a chart is a path where there is one and a reference else; `read_also` gives what a file
    that it extends is called, and its text. Raises `UsageError`.
    """
    return _parsed(text, path, shown, exists, read_also or _read_also, ())


def _parsed(
    text: str,
    path: Path,
    shown: str,
    exists: Callable[[Path], bool],
    read_also: Callable[[Path], tuple[str, str]],
    within: tuple[Path, ...],
) -> Config:
    """A configuration; `within` are the files that extend it, none of which it may extend."""
    raw = load(text, shown)
    if raw is None:
        return Config(str(path))
    root = compose(text, shown)
    for where, message, remedy in itertools.chain(
        _retired(raw),
        problems(raw, schema("config")),
        _pack_problems(raw),
        _rule_problems(raw, path),
    ):
        raise _problem(root, where, text, shown, message, remedy)
    own = _config(raw, path, exists)
    entries = raw.get("waivers", ())
    waivers = _waivers(entries, root, ("waivers",), text, shown, own.waiver_policy)
    own = replace(own, waivers=waivers) if waivers else own
    for number, entry in reversed(list(enumerate(raw.get("extends", ())))):
        if not isinstance(entry, str):
            continue
        file = _extended(path.parent / entry)
        if file in (path, *within):
            message = f"{shown} extends itself, by way of {entry}"
            remedy = "take one of the two out"
            raise _problem(root, ("extends", number), text, shown, message, remedy)
        name, content = read_also(file)
        parent = _parsed(content, file, name, exists, read_also, (path, *within))
        own = over(parent, own)
    return own


def _extended(path: Path) -> Path:
    """The file that an entry of `extends` means: a configuration, or that of a pack."""
    if path.suffix in (".yaml", ".yml"):
        file = path
    else:
        file = path / PACK
    return Path(os.path.normpath(file))


def _read_also(file: Path) -> tuple[str, str]:
    shown = _shown_path(file)
    return shown, _text(file, shown)


def over(parent: Config, own: Config) -> Config:
    """A configuration over the one that it extends: its own settings win, lists are joined, tables
    merged entry by entry."""
    joined = {name: _joined(name, getattr(parent, name), getattr(own, name)) for name in FIELDS}
    extends = (*parent.extends, parent.file, *own.extends)
    return replace(own, **joined, extends=tuple(dict.fromkeys(extends)))


def _joined(name: str, parent: Any, own: Any) -> Any:
    if name == "environments":
        return {**parent, **{key: _environment_over(parent.get(key), own[key]) for key in own}}
    if isinstance(own, Mapping):
        return {**parent, **own}
    if isinstance(own, tuple) and name != "select":
        return (*parent, *own)
    return own or parent


def _environment_over(parent: Environment | None, own: Environment) -> Environment:
    if parent is None:
        return own
    names = Environment.__struct_fields__
    joined = {name: _joined(name, getattr(parent, name), getattr(own, name)) for name in names}
    return Environment(**joined)


def _pack_problems(
    raw: Mapping[str, Any],
) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Packs that say of no place, or of several, where they are, or until when in no date."""
    for key in ("packs", "extends"):
        for number, entry in enumerate(raw.get(key, ())):
            if isinstance(entry, str):
                problem = None
            else:
                problem = _pack_problem(entry)
            if problem is not None:
                yield (key, number), *problem


def _pack_problem(entry: Mapping[str, str]) -> tuple[str, str] | None:
    kinds = [kind for kind in KINDS if kind in entry]
    if len(kinds) > 1 or not (kinds or "path" in entry):
        return "a pack has one place", "write path, git, python or oci"
    if kinds == ["git"] and "ref" not in entry:
        return "a pack of git without ref", "pin it: ref: TAG, or a whole commit"
    until = entry.get("until", "")
    if until and not is_date(until):
        return f"until {until} is no day", "write it as 2027-01-31"
    return None


def _retired(raw: Json) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Keys that were valid once, or are the command line's, with what they are called now."""
    for key in raw if isinstance(raw, dict) else ():
        if key in RETIRED:
            yield (key,), f"{key} is no key any more", f"write {RETIRED[key]}"


def _text(path: Path, shown: str) -> str:
    try:
        return read_text(path)
    except ReadError as error:
        why = error.message.removeprefix("cannot be read: ")
        raise UsageError(
            f"cannot read the configuration: {why}",
            file=shown,
            line=error.line,
            remedy=error.remedy,
        ) from None


def _as_written(remedy: str, text: str, line: int) -> str:
    """A remedy that quotes a number as the file has it: 1.30 is read as 1.3."""
    lines = text.splitlines()
    number = (
        re.search(r"(?:^|[:\-{,]\s*)(\d[\d.]*)\s*(?:[},#]|$)", lines[line - 1])
        if 0 < line <= len(lines)
        else None
    )
    if number and remedy.startswith("write it in quotes"):
        return f'write it in quotes: "{number[1]}"'
    return remedy


def _rule_problems(
    raw: Mapping[str, Any], path: Path
) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """What the `rules:` tables name that is no rule, and what they say of one that is no
    severity."""
    entries = list(_rule_entries(raw))
    if not entries:
        return
    # packs bring rules that are read when they judge, and names are looked at then
    brings = any(raw.get(key) for key in ("extends", "packs", "python-rules", "policies"))
    known_here = not brings and path.name != PACK  # a pack's own stands beside its rules
    more, failures = plugins()
    known = ids() | {rule.id for rule in more}
    for where, name, entry in entries:
        if known_here and name not in known and not failures:
            yield (*where, name), f"no rule is called {name!r}", nearest(name, known)
        try:
            severities({name: entry})
        except UsageError as error:
            yield (*where, name), error.message, error.remedy


def _rule_entries(
    raw: Mapping[str, Any],
) -> Iterator[tuple[tuple[str | int, ...], str, Json]]:
    """(path of its table, rule, what is said of it) of the `rules:` tables."""
    tables: dict[tuple[str | int, ...], Any] = {("rules",): raw.get("rules")}
    for name, environment in raw.get("environments", {}).items():
        tables["environments", name, "rules"] = environment.get("rules")
    for glob, entry in raw.get("paths", {}).items():
        tables["paths", glob, "rules"] = entry.get("rules")
    for number, release in enumerate(raw.get("releases", ())):
        tables["releases", number, "rules"] = release.get("rules")
        for name, own in release.get("environments", {}).items():
            tables["releases", number, "environments", name, "rules"] = own.get("rules")
    for path, table in tables.items():
        for rule, entry in (table or {}).items():
            yield path, rule, entry


def _config(raw: Mapping[str, Any], path: Path, exists: Callable[[Path], bool]) -> Config:
    base = path.parent
    return Config(
        file=str(path),
        releases=tuple(
            release
            for entry in raw.get("releases", ())
            for release in _releases(entry, base, exists)
        ),
        environments={
            name: _environment(entry) for name, entry in raw.get("environments", {}).items()
        },
        kubernetes=raw.get("kubernetes", ""),
        helm=raw.get("helm", ""),
        apply=raw.get("apply", ""),
        level=Category(raw["level"]) if "level" in raw else None,
        fail_on=Severity(raw["fail-on"]) if "fail-on" in raw else None,
        strict=raw.get("strict", False),
        default_branch=raw.get("default-branch", ""),
        select=tuple(raw.get("select", ())),
        ignore=tuple(raw.get("ignore", ())),
        crds=tuple(str(base / entry) for entry in raw.get("crds", ())),
        policies=tuple(str(base / entry) for entry in raw.get("policies", ())),
        immutable_paths={
            (row["group"], row["kind"]): tuple(row["paths"])
            for row in raw.get("immutable-paths", ())
        },
        rules=raw.get("rules", {}),
        scan_ignore=tuple(raw.get("scan", {}).get("ignore", ())),
        declared=_declaring(raw.get("declared", {}), base),
        waiver_policy=_policy(raw.get("waiver-policy", {})),
        packs=tuple(_packs(raw, base)),
        shared=tuple(_shared(raw)),
        paths=tuple(_path_rules(raw.get("paths", {}), base)),
    )


def _path_rules(entries: Mapping[str, Mapping[str, Any]], base: Path) -> Iterator[PathRules]:
    for glob, entry in entries.items():
        yield PathRules(str(base / glob), **_levels(entry))


def _levels(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The rules, level and threshold that an entry names."""
    return {
        "rules": entry.get("rules", {}),
        "level": Category(entry["level"]) if "level" in entry else None,
        "fail_on": Severity(entry["fail-on"]) if "fail-on" in entry else None,
    }


def _packs(raw: Mapping[str, Any], base: Path) -> Iterator[Pack]:
    yield from (_pack(entry, base) for entry in raw.get("packs", ()))
    yield from (Pack(str(base / path), python=True) for path in raw.get("python-rules", ()))


def _shared(raw: Mapping[str, Any]) -> Iterator[Source]:
    """The packs among what a configuration extends."""
    for entry in raw.get("extends", ()):
        if isinstance(entry, str):
            pack = None
        else:
            pack = _pack(entry, Path())
        if pack is not None and pack.source is not None:
            yield pack.source


def _pack(entry: str | Mapping[str, str], base: Path) -> Pack:
    if isinstance(entry, str):
        return Pack(str(base / entry))
    never = entry.get("fail-on", "") == "never"
    name, until = entry.get("name", ""), entry.get("until", "")
    kind = next((kind for kind in KINDS if kind in entry), "")
    if not kind:
        return Pack(str(base / entry["path"]), name, never, until)
    source = Source(kind, entry[kind], entry.get("ref", ""), entry.get("path", ""))
    own = name or (source.path or source.address).rstrip("/").rpartition("/")[2]
    return Pack("", own.partition("@")[0].partition(":")[0], never, until, source=source)


def _declaring(entry: Mapping[str, Any], base: Path) -> Declaring:
    clusters = entry.get("clusters", "")
    return Declaring(
        fetch=entry.get("fetch", ""),
        include=tuple(entry.get("include", ())),
        exclude=tuple(entry.get("exclude", ())),
        clusters=str(base / clusters) if clusters else "",
        rows=tuple(DeclaredSettings(**row) for row in entry.get("at", ())),
    )


def _policy(entry: Mapping[str, Any]) -> Policy:
    return Policy(tuple(entry.get("require", ())), tuple(entry.get("allow-new", ())))


def _environment(entry: Mapping[str, Any]) -> Environment:
    return Environment(
        kubernetes=entry.get("kubernetes", ""),
        helm=entry.get("helm", ""),
        apply=entry.get("apply", ""),
        api_versions=tuple(entry.get("api-versions", ())),
        **_levels(entry),
    )


def _releases(
    entry: Mapping[str, Any], base: Path, exists: Callable[[Path], bool]
) -> Iterator[Release]:
    """The release itself, or one for each of its environments."""
    environments = entry.get("environments") or {entry.get("environment", ""): {}}
    for environment, own in environments.items():
        yield Release(
            name=own.get("name", entry["name"]),
            chart=_chart(entry["chart"], base, exists),
            namespace=own.get("namespace", entry.get("namespace", "default")),
            values=tuple(
                str(base / file) for file in (*entry.get("values", ()), *own.get("values", ()))
            ),
            sets=(*entry.get("set", ()), *own.get("set", ())),
            version=own.get("version", entry.get("version", "")),
            repo=entry.get("repo", ""),
            environment=environment,
            kubernetes=own.get("kubernetes", entry.get("kubernetes", "")),
            helm=entry.get("helm", ""),
            apply=entry.get("apply", ""),
            values_mode=entry.get("values-mode", ""),
            api_versions=tuple(entry.get("api-versions", ())),
            **_levels(
                {**entry, **own, "rules": {**entry.get("rules", {}), **own.get("rules", {})}}
            ),
        )


def _chart(chart: str, base: Path, exists: Callable[[Path], bool]) -> str:
    local = base / chart
    if chart.startswith(".") or exists(local):
        return str(local)
    return chart
