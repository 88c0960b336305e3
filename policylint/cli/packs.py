"""`policylint packs`: rules that are shared, pinned by digest."""

from typing import Annotated

from policylint.cli.output import show
from policylint.cli.parameters import argument, option
from policylint.commands import packs
from policylint.errors import UsageError
from policylint.runtime.sentences import plural

ACTIONS = ("list", "update", "verify")


def command(
    action: Annotated[str, argument("list, update or verify.")],
    upgrade: Annotated[
        bool, option("--upgrade", help="update: look again at what a tag means.")
    ] = False,
    config: Annotated[str, option("--config", help="The configuration file.")] = "",
) -> int:
    """List the packs, fetch those that are shared into the cache and pin them in policylint.lock
    (update), or see whether all are here as the lock file names them (verify; exit 2 if not)."""
    if action not in ACTIONS:
        raise UsageError(
            f"no such action: {action}", remedy=f"the actions are {', '.join(ACTIONS)}"
        )
    if action == "update":
        show(_updated(packs.update(config, upgrade=upgrade)))
        return 0
    rows = packs.rows(config)
    show("".join(f"{row}\n" for row in rows) or "no packs\n")
    if any(row.problem for row in rows) and action == "verify":
        return 2
    return 0


def _updated(update: packs.Update) -> str:
    rows = [f"{lock.source}  {lock.digest}" for lock in update.locks]
    rows += [
        f"{key}  not fetched: this pull request adds or changes it, and it judges once merged"
        for key in update.left
    ]
    if not rows:
        return "no shared packs\n"
    if update.file:
        pinned = f"pinned in {update.file}"
    else:
        pinned = "as the base pins them"
    return "\n".join((*rows, f"{plural(len(update.locks), 'shared pack')}, {pinned}", ""))
