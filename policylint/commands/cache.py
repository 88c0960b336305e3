"""`policylint cache`: what earlier runs came to, and how to forget it."""

from __future__ import annotations

from policylint.errors import UsageError, nearest
from policylint.pipeline.many.verdictcache import MOST, lies_in_checkout, verdict_folder
from policylint.runtime.ownfiles import OwnFiles

ACTIONS = ("show", "clear")


def cache(action: str = "show") -> str:
    """What is kept and where, or how much was removed, in a sentence; raises `UsageError` for any
    other action, and for a directory that cannot be believed."""
    if action not in ACTIONS:
        raise UsageError(
            f"nothing that the cache does is called {action!r}",
            remedy=nearest(action, ACTIONS, "policylint cache show, or policylint cache clear"),
        )
    folder = verdict_folder()
    with OwnFiles(folder, MOST) as files:
        if not files.is_open:
            raise UsageError(
                "what lies here is not believed: the directory is not this user's alone",
                file=str(folder),
                remedy=f"remove it: rm -r {folder}",
            )
        if action == "clear":
            return f"{files.clear()} verdicts removed from {folder}"
        count, size = files.size()
    if lies_in_checkout(folder):
        unused = "; not used: it lies in the checkout"
    else:
        unused = ""
    most = MOST // 1024 // 1024
    return f"{count} verdicts, {size / 1024 / 1024:.1f} of {most} MiB, in {folder}{unused}"
