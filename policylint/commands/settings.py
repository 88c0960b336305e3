"""`policylint config --explain`: each setting, where it comes from and what it overrides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from policylint.config import Config
from policylint.errors import UsageError, nearest
from policylint.helm.inputs.files import read_text
from policylint.kyaml.load import compose, line_of, load
from policylint.model import Json
from policylint.redaction.redactor import mask_values
from policylint.runtime.patterns import like

LAYERED = ("kubernetes", "helm", "apply", "level", "fail-on", "strict", "rules", "values-mode")
"""The settings that several places may give; `rules` rule by rule."""
DEFAULTS: Mapping[str, Json] = {"level": "practice", "fail-on": "error", "strict": False}


class SettingValue(Struct, frozen=True):
    """A value of a setting and the place that gives it: "default", or a file and line."""

    value: Json
    where: str


class Explained(Struct, frozen=True):
    """A setting: what holds, and what that overrides, the nearest first."""

    setting: str
    holds: SettingValue
    overrides: tuple[SettingValue, ...] = ()

    def __str__(self) -> str:
        lines = [f"{self.setting}: {_shown(self.holds.value)}  ({self.holds.where})"]
        lines += [f"  overrides {_shown(value.value)}  ({value.where})" for value in self.overrides]
        return "\n".join(lines)


def explained(config: Config, environment: str, release: str) -> tuple[Explained, ...]:
    """Each setting that some place gives, for an environment and a release ("" for none).

    Raises `UsageError` for a release that the configuration does not list.
    """
    values: dict[str, list[SettingValue]] = {
        name: [SettingValue(value, "default")] for name, value in DEFAULTS.items()
    }
    for file in (*config.extends, config.file):
        if file and Path(file).exists():
            for setting, value in _of_file(file, environment, release):
                values.setdefault(setting, []).append(value)
    return tuple(
        Explained(setting, by_layer[-1], tuple(reversed(by_layer[:-1])))
        for setting, by_layer in sorted(values.items())
    )


def _of_file(file: str, environment: str, release: str) -> Iterator[tuple[str, SettingValue]]:
    """(setting, value) of one file, the weakest layer first."""
    text = read_text(Path(file))
    raw, root = load(text, file) or {}, compose(text, file)
    shown = _relative(file)
    for path, layer in _layers(raw, Path(file).parent, environment, release):
        for name in LAYERED:
            if name not in layer:
                continue
            if name == "rules":
                rows = layer[name].items()
            else:
                rows = [("", layer[name])]
            for rule, value in rows:
                steps = (*path, name, rule) if rule else (*path, name)
                line = line_of(root, steps)
                owner = f", {'.'.join(map(str, path))}" if path else ""
                setting = f"rules.{rule}" if rule else name
                yield setting, SettingValue(_value(value), f"{shown}:{line}{owner}")


def _layers(
    raw: Mapping[str, Any], base: Path, environment: str, release: str
) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    """(path, mapping) of each part of a file that counts here: the whole, the environment, paths,
    the release, the release in the environment."""
    yield (), raw
    if environment in raw.get("environments", {}):
        yield ("environments", environment), raw["environments"][environment]
    if not release:
        return
    for number in _numbers(raw.get("releases", ()), release):
        entry = raw["releases"][number]
        for glob, own in raw.get("paths", {}).items():
            if like(str(base / glob), str(base / entry["chart"])):
                yield ("paths", glob), own
        yield ("releases", number), entry
        if environment in entry.get("environments", {}):
            steps = ("releases", number, "environments", environment)
            yield steps, entry["environments"][environment]


def _numbers(entries: Sequence[Mapping[str, Any]], release: str) -> list[int]:
    """The places of a release in a list; none in an empty one. Raises `UsageError` for a name that
    is not there."""
    names = [entry["name"] for entry in entries]
    if names and release not in names:
        every = f"the releases are {', '.join(names)}"
        raise UsageError(f"no release is called {release!r}", remedy=nearest(release, names, every))
    return [number for number, name in enumerate(names) if name == release]


def _value(value: Json) -> Json:
    if value is False:
        return "off"
    return mask_values(value)


def _relative(file: str) -> str:
    path, here = Path(file), Path.cwd()
    if path.is_relative_to(here):
        return str(path.relative_to(here))
    return file


def _shown(value: Json) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
