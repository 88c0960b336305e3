"""What a run of policylint that stands in a file judges: which of the deploys, and which not."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Callable, Sequence

from msgspec import Struct

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
_LISTING = "releases"
"""What `policylint check --list` is: it judges nothing."""
_NAMED = {
    "--release": "release",
    "-n": "namespace",
    "--namespace": "namespace",
    "--env": "environment",
}
_UNTOLD = pattern(r"[$%]|\{\{|`|<<|@\(")
_ENDS = pattern(r"\s(?:&&|\|\|?|;|>|2>|<|#)|[;|]|\)\s*$|['\"]\s*[,\]}]")

Configured = Callable[[Invocation, str], bool]
"""(deploy, environment or "" for all): whether `policylint check` without a chart judges it."""


class Run(Struct, frozen=True):
    """The words of one run, as far as they can be told; "" where they are not given."""

    command: str
    chart: str = ""
    release: str = ""
    namespace: str = ""
    environment: str = ""
    is_untold: bool = False
    """Whether variables, or another configuration, decide what it judges."""

    def judges(self, deploy: Invocation, configured: Configured) -> bool:
        """Whether it judges a deploy, or may."""
        if self.command == _LISTING:
            return False
        if self.command == "scan" or self.is_untold:
            return True
        if not self.chart:
            return configured(deploy, self.environment)
        if not _agree(self.namespace, deploy.namespace):
            return False
        if self.release:
            return _agree(self.release, deploy.release)
        return deploy.chart is None or _same_chart(self.chart, deploy)

    @property
    def words(self) -> str:
        """What it judges, for people."""
        if not self.chart:
            if self.environment:
                where = f" of {self.environment}"
            else:
                where = ""
            return f"the configured or declared releases{where}"
        if self.release:
            return f"{self.release} ({self.chart})"
        return self.chart


def run_of(command: str, text: str) -> Run:
    """The run of `policylint check` or `scan` with these words behind it, up to the end of the
    command."""
    words = _split(_ENDS.split(f"{text} ", maxsplit=1)[0])
    if command == "scan":
        return Run(command)
    if "--list" in words:
        return Run(_LISTING)
    if "--" in words:
        return _of_command(words[words.index("--") + 1 :])
    return _of_check(words)


def _split(text: str) -> list[str]:
    lexer = shlex.shlex(text.strip().rstrip("\"'"), posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    try:
        return list(lexer)
    except ValueError:  # a quote that another line closes
        return text.split()


def _of_check(words: Sequence[str]) -> Run:
    stated = {"command": "check"}
    waiting = iter(words)
    for word in waiting:
        if not word.startswith("-"):
            stated.setdefault("chart", word)
            continue
        name, equals, value = word.partition("=")
        if not equals and name not in SWITCHES:
            value = next(waiting, "")
        if name in _NAMED:
            stated[_NAMED[name]] = value
    if "--changed" in words:
        stated["chart"] = ""  # the words behind it are the changed files
    is_untold = any(map(_UNTOLD.search, stated.values())) or "--config" in words
    return Run(**stated, is_untold=is_untold)


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


def _same_chart(chart: str, deploy: Invocation) -> bool:
    """Whether it is the deploy's chart, written from its own directory, from the top, or from
    anywhere below."""
    wanted, own = (_bare(path) for path in (chart, deploy.chart or ""))
    return wanted == own or wanted.endswith(f"/{own}") or own.endswith(f"/{wanted}")


def _bare(path: str) -> str:
    return posixpath.normpath(path).lstrip("./")
