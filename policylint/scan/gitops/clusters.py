"""How clusters are called: by the directories that tell their entry points apart."""

from __future__ import annotations

from collections.abc import Sequence

_MARKS = ("clusters", "cluster", "environments", "envs", "fleet")


def cluster_names(entries: Sequence[tuple[str, str]]) -> list[str]:
    """The cluster of each (file, path) of an entry point; "" where there is only one.

    The step after a directory called `clusters` (or alike) names it, else the first step in which
    the files of the entry points differ.
    """
    marked = [_marked(file) or _marked(f"{path}/") for file, path in entries]
    if any(marked):
        if len(set(marked)) > 1:
            return marked
        return [""] * len(entries)
    folders = [file.split("/")[:-1] for file, _ in entries]
    shared = 0
    while _alike(folders, shared):
        shared += 1
    names = ["/".join(folder[shared : shared + 1]) for folder in folders]
    if len(set(names)) > 1:
        return names
    return [""] * len(entries)


def _alike(folders: list[list[str]], depth: int) -> bool:
    steps = {folder[depth] if len(folder) > depth else "" for folder in folders}
    return len(steps) == 1 and "" not in steps


def _marked(path: str) -> str:
    steps = path.split("/")[:-1]
    for number, step in enumerate(steps[:-1]):
        if step in _MARKS:
            return steps[number + 1]
    return ""
