"""Speed as ratios, measured in one run: each pair of commands in turn, the median of the ratios.

    python bench/run.py [NAME ...] [--runs N] [--short]

--short takes some of them in less than a minute, and ends with 1 where a ratio is much worse than
the one in recorded.json. Nothing else here is a test: machines differ, ratios less so.

HELM (or POLICYLINT_HELM4, or helm on PATH) is the Helm that both sides of a ratio use. POLICYLINT
is the command that is timed; `make bench` installs the package for that into an environment that
holds nothing else, as users have it.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from make_inputs import LONG, big_charts, changed_resources, fleet, repository, small_charts

ROOT = Path(__file__).parent.parent
POLICYLINT = [
    str(
        Path(
            os.environ.get("POLICYLINT") or Path(sys.executable).with_name("policylint")
        ).absolute()
    )
]
HELM = os.environ.get("HELM") or os.environ.get("POLICYLINT_HELM4") or shutil.which("helm") or ""

RECORDED = Path(__file__).with_name("recorded.json")
SHORT = ("start", "small_without_causes", "forecast", "unchanged")
MUCH_WORSE = 2.0
"""How many times the recorded ratio a ratio may be: machines and their load differ that much."""

MEASURED: dict[str, float] = {}
"""The ratios of this run by bench: the fastest of each side, which other work on the machine bears
on least."""

Step = Callable[[], object]


def command(*words: str | Path, cwd: Path | None = None) -> Step:
    """A step that runs one command, whatever its exit code."""

    def run() -> None:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([str(word) for word in words], cwd=cwd, check=False, **quiet)

    return run


def at_once(*commands: list[str]) -> Step:
    """A step that runs several commands at the same time."""

    def run() -> None:
        for process in [subprocess.Popen(words, stdout=subprocess.DEVNULL) for words in commands]:
            process.wait()

    return run


def seconds(step: Step) -> float:
    """How long one run of a step takes."""
    begin = time.perf_counter()
    step()
    return time.perf_counter() - begin


def ratio(name: str, ours: Step, theirs: Step, goal: float, runs: int) -> None:
    """Time two steps in turn and print the median of the ratios beside the goal."""
    ours(), theirs()  # once to warm the caches, not counted
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(runs)]
    median = statistics.median(mine / their for mine, their in pairs)
    mine, their = (statistics.median(side) for side in zip(*pairs, strict=True))
    fastest = [min(side) for side in zip(*pairs, strict=True)]
    MEASURED[name] = round(fastest[0] / fastest[1], 2)
    verdict = "ok" if median <= goal else "ABOVE THE GOAL"
    print(
        f"{name:<21} {median:6.2f} x  (goal {goal:g} x, {mine * 1000:.0f} ms against "
        f"{their * 1000:.0f} ms)  {verdict}"
    )


def start(runs: int, room: Path) -> None:
    """`policylint --version` against an empty Python."""
    ratio(
        "start", command(*POLICYLINT, "--version"), command(sys.executable, "-c", "pass"), 8, runs
    )


def _charts(name: str, before: Path, after: Path, runs: int, *more: str) -> None:
    if not HELM:
        sys.exit("name a helm with HELM=")
    render = [
        [HELM, "template", "r", str(chart), "--kube-version", "1.36", "--include-crds"]
        for chart in (before, after)
    ]
    check = command(
        *POLICYLINT, "check", after, "--before", before, "--helm", HELM, "--include-crds", *more
    )
    ratio(name, check, at_once(*render), 3, runs)


def small(runs: int, room: Path) -> None:
    """`policylint check` on a small chart against the two renders at once."""
    _charts("small", *small_charts(room), runs)


def small_without_causes(runs: int, room: Path) -> None:
    """The same without the renders that confirm what causes a finding."""
    _charts("small_without_causes", *small_charts(room), runs, "--blame", "0")


def big(runs: int, room: Path) -> None:
    """The same on 5 MB of manifests, most of them CustomResourceDefinitions."""
    _charts("big", *big_charts(room), runs)


def forecast(runs: int, room: Path) -> None:
    """Forecasting 1,000 changed resources against parsing them."""
    from policylint.kubernetes.api.schemas import NEWEST
    from policylint.kubernetes.forecast import forecast as judge
    from policylint.kubernetes.manifests.reader import Text
    from policylint.model import Target
    from policylint.pipeline.judging.judge import Case, diff, read

    before, after = changed_resources(1000)
    case = Case("r", "default", Target(NEWEST), (Text("before", before),), (Text("after", after),))
    upgrade = diff(case, read(case))
    ratio("forecast", partial(judge, upgrade), partial(read, case), 1, runs)


def scan(runs: int, room: Path) -> None:
    """`policylint scan .` over 20,000 files against `git grep -l helm`."""
    tree = repository(room, 20_000)
    ratio(
        "scan",
        command(*POLICYLINT, "scan", ".", cwd=tree),
        command("git", "grep", "-l", "helm", cwd=tree),
        4,
        runs,
    )


def many(runs: int, room: Path) -> None:
    """`policylint check` over 200 releases, one in ten of them touched, against one `helm template`
    for each side of each, as many at once as there are processors."""
    if not HELM:
        sys.exit("name a helm with HELM=")
    tree = fleet(room, 200, 20)
    template = f"{HELM} template r charts/c$(($1 % 20)) -f values/r$1.yaml"
    loop = f"seq 0 199 | xargs -P {os.cpu_count()} -I @ sh -c '{template}; {template}' sh @"
    check = command(
        *POLICYLINT, "check", "--before", "git:HEAD", "--helm", HELM, "--fail-on", "error", cwd=tree
    )
    ratio("many", check, command("sh", "-c", loop, cwd=tree), 1, min(runs, 3))


def unchanged(runs: int, room: Path) -> None:
    """A run over 60 releases that an earlier one has judged, against judging them."""
    if not HELM:
        sys.exit("name a helm with HELM=")
    tree = fleet(room, 60, 20)
    os.environ["POLICYLINT_CACHE"] = str(room / "cache")
    words = (*POLICYLINT, "check", "--before", "git:HEAD", "--helm", HELM)
    judging = command(*words, "--no-cache", cwd=tree)
    ratio("unchanged", command(*words, cwd=tree), judging, 0.3, min(runs, 2))


def growth(runs: int, room: Path) -> None:
    """Reading a file against one a tenth as long, for each kind of file that commands are written
    in."""
    for name, text in LONG.items():
        ratio(
            f"growth {name}",
            partial(_read, name, text(2000)),
            partial(_read, name, text(200)),
            40,
            min(runs, 3),
        )


def _read(name: str, text: str) -> None:
    from policylint.scan.repository.registry import read_source
    from policylint.scan.texts.source import Source

    read_source(Source.of(name, text.encode()))


BENCHES: Mapping[str, Callable[[int, Path], None]] = {
    bench.__name__: bench
    for bench in (
        start,
        small,
        small_without_causes,
        big,
        forecast,
        scan,
        many,
        unchanged,
        growth,
    )
}


def main() -> None:
    """Run the benches that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHES, []])
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--short", action="store_true")
    asked = parser.parse_args()
    compileall.compile_dir(
        ROOT / "policylint", quiet=1
    )  # as pip does, also where Python writes no bytecode itself
    if asked.short:
        names, runs = SHORT, 3
    else:
        names, runs = tuple(asked.names or BENCHES), asked.runs
    for name in names:
        with tempfile.TemporaryDirectory() as room:
            BENCHES[name](runs, Path(room))
    if asked.short:
        worse = much_worse(json.loads(RECORDED.read_text("utf-8")))
        if worse:
            sys.exit("much worse than recorded:\n" + "\n".join(worse))


def much_worse(recorded: Mapping[str, float]) -> list[str]:
    """Which ratios are much worse than the recorded ones. Raises KeyError for one that was not
    measured: what is not looked at is not well."""
    return [
        f"{name}: {MEASURED[name]:g} x, recorded {before:g} x"
        for name, before in recorded.items()
        if MEASURED[name] > MUCH_WORSE * before
    ]


if __name__ == "__main__":
    main()
