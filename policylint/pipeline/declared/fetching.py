"""From which of the declared sources charts are fetched."""

from __future__ import annotations

from policylint.config import Config
from policylint.errors import SourceError, UsageError, nearest
from policylint.helm.inputs.options import Options
from policylint.helm.sources.forks import may_be_fork
from policylint.pipeline.declared.change import Change
from policylint.redaction.logins import without_logins
from policylint.scan.gitops.model import ChartSource, Declared

DECLARED, BASE, NEVER = WORDS = ("declared", "base", "never")


def policy(options: Options, config: Config) -> str:
    """`--fetch`, else what the configuration says, else the base's sources alone in the pull
    request of a fork. Raises UsageError for a word that is none of these."""
    named = options.fetch or config.declared.fetch
    if named and named not in WORDS:
        remedy = nearest(named, list(WORDS), f"the policies are {', '.join(WORDS)}")
        raise UsageError(f"--fetch takes no {named!r}", remedy=remedy)
    return named or (BASE if may_be_fork() else DECLARED)


def check_source(release: Declared, change: Change, fetch: str) -> None:
    """Raise SourceError for a source that this change brings, where only those of the base are
    asked."""
    known = {_source(earlier.chart) for earlier in change.sides[0].releases}
    if fetch != BASE or _source(release.chart) in known:
        return
    raise SourceError(
        f"{without_logins(release.chart.shown)} comes from a source that this change brings,"
        " which is not asked (fetch: base)",
        file=release.file,
        line=release.line,
        remedy="--fetch declared, where you trust the change",
    )


def _source(chart: ChartSource) -> tuple[str, str]:
    return chart.kind, chart.url.rstrip("/")
