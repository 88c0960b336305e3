"""`policylint doctor`: which deploys of a repository policylint runs before, and which it does
not."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from msgspec import Struct

from policylint.commands.environment import Found, environment
from policylint.commands.scan import Survey, absolute, configuration, searched
from policylint.config import Config, Release, find
from policylint.errors import RuleFailure
from policylint.helm.inputs.options import Options
from policylint.model import Verdict, combine
from policylint.pipeline.configuration.settings import load_config
from policylint.report.formats.json import SCHEMA
from policylint.scan.invocations.model import Invocation
from policylint.scan.repository.callsites import words_for
from policylint.scan.repository.coverage import Coverage, examine
from policylint.scan.repository.jobs import CI, MAKE
from policylint.scan.repository.judged import Run
from policylint.scan.repository.walk import naming
from policylint.scan.texts.source import Source

COMMANDS = ("helm", "ansible", "github-action", "azure", "circleci")
"""Tools whose invocations run helm there and then."""
ROUNDS = 3
"""How often the callers of callers are looked for."""


class Examination(Struct, frozen=True):
    """The deploys found, each with the run of policylint that comes before it."""

    coverages: tuple[Coverage, ...]
    failures: tuple[RuleFailure, ...]
    environment: tuple[Found, ...] = ()
    """What policylint runs with on this machine."""

    @property
    def verdict(self) -> Verdict:
        """Fail where a deploy is not covered, unknown where a file could not be read."""
        verdicts = [Verdict.PASS]
        verdicts += [Verdict.FAIL for coverage in self.coverages if coverage.guard is None]
        verdicts += [Verdict.UNKNOWN for _ in self.failures]
        return combine(verdicts)

    def as_json(self) -> dict[str, Any]:
        """The examination as a JSON document."""
        return {
            "schema": SCHEMA,
            "verdict": str(self.verdict),
            "deploys": [_row(item) for item in self.coverages],
            "failures": [
                {"message": item.message, "remedy": item.remedy} for item in self.failures
            ],
            "environment": {item.name: item.state for item in self.environment},
        }

    def as_text(self) -> str:
        """One line for each deploy, those without a check first."""
        rows = sorted(self.coverages, key=lambda item: item.guard is not None)
        lines = [_line(item) for item in rows]
        lines += [
            f"unknown      {item.message}\n  fix        {item.remedy}" for item in self.failures
        ]
        bare = sum(item.guard is None for item in rows)
        if bare:
            lines.append(
                "  fix        run policylint check before helm: policylint check CHART -f "
                "VALUES --env ENV"
            )
        return "\n".join(
            [
                *(f"{item.name:<12} {item.state}" for item in self.environment),
                "",
                *lines,
                f"{str(self.verdict).upper()}: {len(rows)} deploys, {bare} without policylint",
                "",
            ]
        )


def cover(survey: Survey) -> Examination:
    """Find every deploy below the paths, and what checks it. Raises `UsageError` for a broken
    configuration."""
    scan = searched(survey)
    deploys = [run for run in scan.invocations if run.deploys and not run.pretends]
    configured = Judged(configuration(survey)).has
    coverages = examine(deploys, _sources(survey, deploys), configured)
    return Examination(coverages, scan.failures, tuple(environment()))


class Judged:
    """The releases that `policylint check` without a chart judges: those of the configuration,
    where it lists none those that the files declare."""

    def __init__(self, config: Config) -> None:
        self._configs = {("", ""): config}
        self._declared: frozenset[tuple[str, str]] | None = None

    def has(self, deploy: Invocation, run: Run) -> bool:
        """Whether a deploy is one of them, or may be: where its words cannot be told, its chart
        says."""
        releases = self._config_of(run).releases
        if not releases:
            return self._is_declared(deploy)
        own = [item for item in releases if run.environment in ("", item.environment)]
        return any(_is_deploy_of(release, deploy) for release in own)

    def _config_of(self, run: Run) -> Config:
        key = (run.directory, run.config)
        if key not in self._configs:
            self._configs[key] = _config_in(Path(run.directory), run.config, self._configs["", ""])
        return self._configs[key]

    def _is_declared(self, deploy: Invocation) -> bool:
        if self._declared is None:
            from policylint.commands.releases import declarations

            every = declarations().releases
            self._declared = frozenset((release.namespace, release.name) for release in every)
        if deploy.release is None:
            return bool(self._declared) and deploy.tool not in COMMANDS
        names = {name for namespace, name in self._declared if _agree(namespace, deploy.namespace)}
        return deploy.release in names


def _config_in(directory: Path, named: str, nearest: Config) -> Config:
    """The configuration that a run in a directory takes; the one here where that is not there."""
    if named:
        return load_config(Options(config=str(directory / named)))
    own = find(directory.resolve()) if directory.is_dir() else None
    if own is None:
        return nearest
    return load_config(Options(config=str(own)))


def _is_deploy_of(release: Release, deploy: Invocation) -> bool:
    if not _agree(release.namespace, deploy.namespace):
        return False
    if deploy.release is not None:
        return deploy.release == release.name
    if deploy.chart is None:
        return True
    chart = Path(deploy.chart).name
    return Path(release.chart).name == chart


def _agree(namespace: str, told: str | None) -> bool:
    return not told or not namespace or namespace == told


def _sources(survey: Survey, deploys: Iterable[Invocation]) -> Iterable[Source]:
    """The files that run policylint, those that deploy, and those that run these, through a few
    more of them."""
    paths, here, skip = absolute(survey), Path.cwd(), configuration(survey).scan_ignore
    sources = {deploy.file: deploy.source for deploy in deploys if deploy.source is not None}
    sources |= {source.file: source for source in naming("policylint", paths, here, skip=skip)}
    searched_for, new = set[str](), set(sources)
    for _ in range(ROUNDS):
        words = _callers_words(new)
        callers = naming(sorted(words - searched_for), paths, here, skip=skip)
        searched_for |= words
        new = set()
        for source in callers:
            if source.file not in sources and _runs_things(source):
                sources[source.file] = source
                new.add(source.file)
    return sources.values()


def _callers_words(files: Iterable[str]) -> set[str]:
    """The words by which another file would call one of these; most pipelines call none."""
    callable_files = (file for file in files if not CI.search(file) or "workflows/" in file)
    return {word for file in callable_files for word in words_for(file)}


def _runs_things(source: Source) -> bool:
    """Whether a file may run others: a script, a makefile, a pipeline; no documentation and no
    manifest of its own."""
    name = source.name
    return bool(CI.search(source.file) or MAKE.search(source.file)) or (
        name in ("action.yml", "action.yaml") or source.suffix in ("", ".sh", ".bash", ".groovy")
    )


def _line(coverage: Coverage) -> str:
    deploy, guard = coverage.deploy, coverage.guard
    state = "covered" if guard else "NOT COVERED"
    where = f"{deploy.file}:{deploy.line}"
    what = " ".join(word for word in (deploy.tool, deploy.action, deploy.release) if word)
    if guard:
        because = f"{coverage.because}: {guard.file}:{guard.line}"
    else:
        because = coverage.because
    return f"{state:<12} {where}  {what}  ({because})"


def _row(coverage: Coverage) -> dict[str, Any]:
    deploy, guard = coverage.deploy, coverage.guard
    names = ("file", "line", "tool", "action", "release", "namespace")
    row = {name: getattr(deploy, name) for name in names}
    if guard:
        guard_row = {"file": guard.file, "line": guard.line, "kind": guard.kind}
    else:
        guard_row = None
    return {**row, "covered": guard is not None, "guard": guard_row, "because": coverage.because}
