"""Where helm keeps plugins, settings and caches: never where a change under judgement can write."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from policylint.errors import PolicylintError
from policylint.kyaml.load import load
from policylint.runtime import rooms
from policylint.runtime.git import checkout_top

_HOMES = {
    "HELM_PLUGINS": ("XDG_DATA_HOME", ".local/share", "helm/plugins"),
    "HELM_DATA_HOME": ("XDG_DATA_HOME", ".local/share", "helm"),
    "HELM_CONFIG_HOME": ("XDG_CONFIG_HOME", ".config", "helm"),
    "HELM_CACHE_HOME": ("XDG_CACHE_HOME", ".cache", "helm"),
}
"""Helm's variables, and where it looks without them (pkg/helmpath, `helm env`)."""


def own_homes() -> Mapping[str, str]:
    """The variables that lead helm elsewhere: for each directory that would lie in the checkout,
    unless the user's own environment names it."""
    top = checkout_top(".") or Path.cwd()
    reachable = [name for name in _HOMES if name not in os.environ and _is_reachable(name, top)]
    if not reachable:
        return {}
    away = _away()
    return {name: os.path.join(away, name.lower()) for name in reachable}  # noqa: PTH118


def added_repositories() -> list[str]:
    """The addresses of the repositories that the user added to helm (`helm repo list`)."""
    file = os.environ.get("HELM_REPOSITORY_CONFIG") or _repositories_file()
    try:
        table = load(Path(file).read_text("utf-8", "replace"), file)
    except (OSError, PolicylintError):
        return []
    if isinstance(table, dict):
        entries = table.get("repositories")
    else:
        entries = None
    tables = [entry for entry in entries or () if isinstance(entry, dict)]
    return [str(entry.get("url") or "") for entry in tables]


def _repositories_file() -> str:
    name = "HELM_CONFIG_HOME"
    home = os.environ.get(name) or own_homes().get(name) or os.path.join(*_default(name))  # noqa: PTH118
    return os.path.join(home, "repositories.yaml")  # noqa: PTH118


def _default(name: str) -> tuple[str, str]:
    """(base, the rest): where helm looks without a variable."""
    variable, folder, rest = _HOMES[name]
    base = os.environ.get(variable) or os.path.join(os.path.expanduser("~"), folder)  # noqa: PTH111, PTH118
    return base, rest


def _is_reachable(name: str, top: Path) -> bool:
    """Whether the default of a variable lies below a directory."""
    base, rest = _default(name)
    return Path(os.path.realpath(base), rest).is_relative_to(os.path.realpath(top))


@cache
def _away() -> str:
    """A directory of this run alone."""
    return rooms.enter()
