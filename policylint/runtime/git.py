"""How git is run: for one checkout, and with nothing in it obeyed that would act.

What a change can bring along must not decide what git does: a bare repository inside the work tree
is not discovered, and hooks, monitors, external diffs, replaced objects and submodules are off
(git-config(1), gitattributes(5)).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

SETTINGS = (
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    "core.pager=cat",
    "diff.ignoreSubmodules=all",
    "grep.fullName=false",
    "log.showSignature=false",
    "protocol.ext.allow=never",
    "safe.bareRepository=explicit",
    "submodule.recurse=false",
)
LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\n"
"""What a file begins with that git keeps for a content of Git LFS, which may not be here."""
_PLACES = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_PREFIX",
    "GIT_COMMON_DIR",
    "GIT_EXTERNAL_DIFF",
    "GIT_NAMESPACE",
)
"""What the hook that may run this process sets, and what would lead to another repository."""


def git_command(*arguments: str, settings: Sequence[str] = ()) -> list[str]:
    """The argument list of a git command; `settings` are further `name=value` of its
    configuration."""
    words = ["git", "--no-replace-objects"]
    for setting in (*SETTINGS, *settings):
        words += ["-c", setting]
    return [*words, *arguments]


def git_environment(top: Path | None = None) -> Mapping[str, str]:
    """The user's environment for a command that writes nothing, asks nobody and fetches nothing.

    With the top of a checkout git looks for no repository but that one.
    """
    kept = {key: value for key, value in os.environ.items() if key not in _PLACES}
    if index := kept.get("GIT_INDEX_FILE"):
        kept["GIT_INDEX_FILE"] = os.path.abspath(index)  # noqa: PTH100  links stay as they are
    if top is not None:
        kept |= {"GIT_DIR": str(top / ".git"), "GIT_WORK_TREE": str(top)}
    quiet = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1"}
    return kept | quiet | {"LC_ALL": "C"}


def checkout_top(path: str | Path) -> Path | None:
    """The nearest directory at or above `path` that holds a `.git`; None where there is none.

    git itself also takes a directory that looks like a bare repository for one; a change may
    bring such a directory along, but never a `.git`.
    """
    start = Path(os.path.realpath(path))
    for directory in (start, *start.parents):
        if os.path.lexists(directory / ".git"):
            return directory
    return None
