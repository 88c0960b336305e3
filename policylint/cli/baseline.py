"""`policylint baseline`: what was there before, so that later runs fail for what is new alone."""

from pathlib import Path
from typing import Annotated

from policylint.cli.common import write
from policylint.cli.output import show
from policylint.cli.parameters import TIMEOUT, argument, option, seconds
from policylint.commands import baseline as baselines
from policylint.config import BASELINE
from policylint.errors import UsageError
from policylint.model import Verdict
from policylint.report.baseline import Baseline
from policylint.report.formats import render
from policylint.report.look import Look

ACTIONS = ("write", "check", "prune")


def command(
    action: Annotated[str, argument("write, check or prune.")],
    env: Annotated[str, option("--env", help="The environment, such as production.")] = "",
    config: Annotated[str, option("--config", help="The configuration file.")] = "",
    time_limit: Annotated[str, option("--timeout", help=TIMEOUT)] = "30m",
) -> int:
    """Keep what is found today as known (write), show what is new since (check), and forget what is
    found no more (prune).

    The file is .policylint/baseline.json beside the configuration; check and scan read it too.
    """
    if action not in ACTIONS:
        raise UsageError(
            f"no such action: {action}", remedy=f"the actions are {', '.join(ACTIONS)}"
        )
    limit = seconds(time_limit, "--timeout")
    if action == "check":
        return _check(env, config, limit)
    return _write(env, config, limit, prune=action == "prune")


def _write(env: str, config: str, limit: float, *, prune: bool) -> int:
    path = baselines.place_of(config, BASELINE)
    if prune or (env and path.exists()):
        earlier = baselines.known(config)
    else:
        earlier = Baseline()
    done = baselines.everything(config, env, limit, baseline=False)
    is_whole = done.is_whole
    if prune and not is_whole:
        raise UsageError(
            "policylint could not judge everything, so what is found no more is not known",
            remedy="policylint check says what; the baseline stays as it is",
        )
    current = baselines.baseline_of(done.reports)
    kept = earlier.within(current) if prune else current
    if env:  # the releases of other environments stay as they are
        kept = kept.together(baselines.elsewhere(earlier, done.reports))
    path.parent.mkdir(exist_ok=True)
    write(path, baselines.as_text(kept))
    show(_told(path, earlier if prune else kept, kept))
    if is_whole:
        return 0
    show("policylint could not judge everything: policylint check says what\n")
    return Verdict.UNKNOWN.exit_code


def _told(path: Path, earlier: Baseline, kept: Baseline) -> str:
    count = sum(entry.count for entry in kept.entries)
    gone = earlier.more_than(kept)
    known = f"{count} finding known" if count == 1 else f"{count} findings known"
    return f"{path}: {known}" + (f", {gone} forgotten\n" if gone else "\n")


def _check(env: str, config: str, limit: float) -> int:
    earlier = baselines.known(config)
    done = baselines.everything(config, env, limit, baseline=True)
    for report in done.reports:
        show(render("text", report, Look(quiet=True, ids=True)))
    gone = earlier.more_than(baselines.baseline_of(done.reports))
    if gone:
        show(f"{gone} known findings are found no more: policylint baseline prune\n")
    return done.verdict.exit_code
