"""What a run of policylint that stands in a file judges: which of the deploys, and which not."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from policylint.model import Category
from policylint.runtime.patterns import pattern
from policylint.scan.invocations.commands import parse_command
from policylint.scan.invocations.model import Invocation

SWITCHES = frozenset(
    (
        *("--all", "--all-findings", "--allow-empty", "--allow-private-sources", "--changed"),
        *("--exit-zero", "--force", "--force-replace", "--helmfile", "--include-crds"),
        *("--force-conflicts", "--list", "--no-cache", "--no-waivers", "--offline", "--quiet"),
        *("-q", "--show-waived", "--statistics", "--skip-crds", "--strict", "--take-ownership"),
    )
)
"""The options of `policylint check` that no word follows."""
_IDLE = "nothing"
"""A run that judges nothing: it lists, or explains itself."""
_IDLING = ("--list", "--help", "-h")
_MOST = 1_000
"""Shards of a run that are looked for."""
_SHARD = pattern(r"(?P<index>\d+)/(?P<count>\d+)")
_NAMED = {
    "--release": "release",
    "-n": "namespace",
    "--namespace": "namespace",
    "--env": "environment",
    "--config": "config",
    "--shard": "shard",
}
_UNTOLD = pattern(r"[$%]|\{\{|`|<<|@\(")
_ENDS = pattern(
    r"\s(?:&&|\|\|?|;|>|2>|<|#)|[;|]|\)\s*$|['\"]\s*[,\]}]"
    r"|,\s|(?<![\]}])[\]}]++(?:,\s|\s*+$)"
)
_EXPRESSION = pattern(r"\$\{\{[^{}]*\}\}")
"""An expression of a workflow, whose blanks part no words."""
_CATEGORIES = frozenset(Category)

Configured = Callable[[Invocation, "Run"], bool]
"""(deploy, run): whether this `policylint check` without a chart judges it."""


class Run(Struct, frozen=True):
    """The words of one run, as far as they can be told; "" where they are not given."""

    command: str
    chart: str = ""
    release: str = ""
    namespace: str = ""
    environment: str = ""
    config: str = ""
    """The configuration that it names."""
    paths: tuple[str, ...] = ()
    """What a scan looks at; () for everything."""
    directory: str = ""
    """Where it runs, from the top of the repository."""
    is_untold: bool = False
    """Whether variables decide what it judges."""
    shard: str = ""
    """The part of the releases that it judges, "1/4"; "" for all."""
    flaw: str = ""
    """Why its answer stops nothing, by its own words."""

    def judges(self, deploy: Invocation, configured: Configured) -> bool:
        """Whether it judges a deploy, or may."""
        if self.command == _IDLE:
            return False
        if self.is_untold:
            return True
        if self.command == "scan":
            return not self.paths or any(_is_below(deploy.file, path) for path in self.paths)
        if not self.chart:
            return configured(deploy, self)
        if not _agree(self.namespace, deploy.namespace):
            return False
        if self.release:
            return _agree(self.release, deploy.release)
        return deploy.chart is None or _same_chart(self.chart, deploy)

    @property
    def words(self) -> str:
        """What it judges, for people."""
        if self.command == _IDLE:
            return "nothing"
        if self.command == "scan":
            return ", ".join(self.paths)
        if not self.chart:
            if self.environment:
                where = f" of {self.environment}"
            else:
                where = ""
            return f"the configured or declared releases{where}"
        if self.release:
            return f"{self.release} ({self.chart})"
        return self.chart


def lacks_shards(run: Run, runs: Iterable[Run]) -> str:
    """Why a shard judges too little: not all others are among these runs; "" where they are."""
    own = _SHARD.fullmatch(run.shard)
    if own is None:
        return ""
    count = int(own["count"])
    shards = {run.shard for run in runs}
    if shards.issuperset(f"{index}/{count}" for index in range(1, min(count, _MOST) + 1)):
        return ""
    return f"it judges a part of the releases: --shard {run.shard}"


def run_of(command: str, text: str) -> Run:
    """The run of `policylint check` or `scan` with these words behind it, up to the end of the
    command."""
    words = _split(_ENDS.split(f"{text} ", maxsplit=1)[0])
    own = words[: words.index("--")] if "--" in words else words
    if not set(_IDLING).isdisjoint(own):
        return Run(_IDLE)
    if command == "scan":
        return _of_scan(own)
    if own != words:
        return _of_command(words[len(own) + 1 :])
    return _of_check(words)


def _split(text: str) -> list[str]:
    joined = _EXPRESSION.sub(lambda expression: "".join(expression[0].split()), text.strip())
    lexer = shlex.shlex(joined.rstrip("\"'"), posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    try:
        return list(lexer)
    except ValueError:  # a quote that another line closes
        return text.split()


def _of_scan(words: Sequence[str]) -> Run:
    paths, _ = _read(words)
    return Run(
        "scan",
        paths=tuple(paths),
        is_untold=any(map(_UNTOLD.search, paths)),
        flaw=_flaw(words),
    )


def _of_check(words: Sequence[str]) -> Run:
    charts, options = _read(words)
    stated = {_NAMED[name]: value for name, value in options.items() if name in _NAMED}
    if charts and "--changed" not in words:  # the words behind it are the changed files
        stated["chart"] = charts[0]
    is_untold = any(map(_UNTOLD.search, stated.values()))
    run = Run("check", is_untold=is_untold, flaw=_flaw(words))
    return replace(run, **stated)


def _flaw(words: Sequence[str]) -> str:
    """Why it says too little of what it judges."""
    if "--exit-zero" in words:
        return "its answer is thrown away: --exit-zero"
    _, options = _read(words)
    selected = options.get("--select", "")
    if selected and _CATEGORIES.isdisjoint(selected.split(",")) and not _UNTOLD.search(selected):
        return f"it asks a few rules alone: --select {selected}"
    return ""


def _read(words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """(the words that belong to no option, the options with their values)."""
    positional: list[str] = []
    options: dict[str, str] = {}
    waiting = iter(words)
    for word in waiting:
        if word == "-" or not word.startswith("-"):
            positional.append(word)
            continue
        name, equals, value = word.partition("=")
        if not equals and name not in SWITCHES:
            value = next(waiting, "")
        options[name] = value
    return positional, options


def _of_command(words: Sequence[str]) -> Run:
    """What `check -- helm upgrade RELEASE CHART` judges."""
    invocation = parse_command(words)
    if invocation is None or any(map(_UNTOLD.search, words)):
        return Run("check", is_untold=True)
    return Run(
        "check", invocation.chart or "", invocation.release or "", invocation.namespace or ""
    )


def _agree(wanted: str, told: str | None) -> bool:
    return not wanted or not told or wanted == told


def _is_below(file: str, path: str) -> bool:
    top, name = _bare(path), _bare(file)
    return not top or name == top or name.startswith(f"{top}/")


def _same_chart(chart: str, deploy: Invocation) -> bool:
    """Whether it is the deploy's chart, written from its own directory, from the top, or from
    anywhere below."""
    wanted, own = (_bare(path) for path in (chart, deploy.chart or ""))
    return wanted == own or wanted.endswith(f"/{own}") or own.endswith(f"/{wanted}")


def _bare(path: str) -> str:
    return posixpath.normpath(path).lstrip("./")
