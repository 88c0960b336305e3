"""What policylint runs with on this machine: programs, libraries and caches."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import subprocess
from collections.abc import Iterator

from msgspec import Struct

from policylint.errors import PolicylintError
from policylint.helm.engines.choose import choose_engine
from policylint.helm.engines.library import is_installed
from policylint.helm.sources.chartcache import cache_root
from policylint.version import __version__

_SECONDS = 10
_TOOLS = (
    ("git", ("git", "--version"), "needed for --before git:REV and for pull requests"),
    ("kustomize", ("kustomize", "version"), "builds what is more than a plain kustomization"),
    ("kubectl", ("kubectl", "version", "--client"), "asks clusters (--ask)"),
    ("helmfile", ("helmfile", "--version"), "builds helmfiles that are templates, on request"),
)
"""(name, the command that tells its version, what it is for)."""
_LIBRARIES = (
    ("RE2", "re2", "matches long texts faster: pip install 'policylint[re2]'"),
    ("pygls", "pygls", "policylint lsp needs it: pip install 'policylint[lsp]'"),
)


class Found(Struct, frozen=True):
    """A part of the environment, and what is known of it."""

    name: str
    state: str


def environment() -> Iterator[Found]:
    """Each part: what is there with its version, what is not there with what it is for."""
    yield Found("policylint", f"{__version__}, Python {platform.python_version()}")
    yield Found("helm", _helm())
    if is_installed():
        embedded = "there"
    else:
        embedded = "not installed: pip install 'policylint[embedded]'"
    yield Found("embedded", embedded)
    yield from (Found(name, _tool(words, purpose)) for name, words, purpose in _TOOLS)
    yield from (Found(name, _library(module, purpose)) for name, module, purpose in _LIBRARIES)
    yield Found("cache", _cache())


def _helm() -> str:
    """The engine that a check would take."""
    try:
        engine = choose_engine()
        version = engine.version
    except PolicylintError as error:
        return f"none: {error.remedy}"
    return f"{version} ({engine.name})"


def _tool(words: tuple[str, ...], purpose: str) -> str:
    path = shutil.which(words[0])
    if path is None:
        return f"not on PATH: {purpose}"
    try:
        done = subprocess.run(
            [path, *words[1:]], capture_output=True, timeout=_SECONDS, check=True, text=True
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return f"does not run ({path}): {purpose}"
    first, *_ = done.stdout.strip().splitlines() or [""]
    return f"{first} ({path})"


def _library(module: str, purpose: str) -> str:
    there = importlib.util.find_spec(module) is not None
    if there:
        return "there"
    return f"not installed: {purpose}"


def _cache() -> str:
    """The folder of charts and answers that are kept, with its size."""
    folder = cache_root()
    if not folder.is_dir():
        return f"{folder}: empty"
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return f"{folder}: {size / 1_000_000:.1f} MB"
