"""`policylint scan`: every way that a repository runs Helm, judged."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from policylint.config import Config, Environment, find, read, severities
from policylint.errors import RuleFailure, UsageError
from policylint.kubernetes.api.schemas import NEWEST
from policylint.model import Apply, Category, Finding, Severity, Target
from policylint.redaction.redactor import Redactor
from policylint.report.model import Report
from policylint.scan.repository.listing import Listing, listed

if TYPE_CHECKING:  # loaded while git looks through the files
    from policylint.engine.rule import Rule
    from policylint.scan.invocations.model import Invocation
    from policylint.scan.repository.walk import Scan

_SUBJECTS = frozenset({"Invocation", "Removal", "Together"})
DOCUMENTS = (".md", ".mdx", ".markdown", ".rst", ".adoc")
"""Files for people: commands that they show are notes at most."""


class Survey(Struct, frozen=True):
    """What a scan is asked to do; empty values mean the defaults that the command line
    documents."""

    paths: tuple[str, ...] = ()
    environment: str = ""
    helm_version: str = ""
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    level: Category | None = None
    fail_on: Severity | None = None
    config: str = ""


def survey(asked: Survey) -> Report:
    """Judge every invocation below the paths. Raises `UsageError` for wrong options only.

    A file that cannot be read is a failure of the report; no invocation at all is a pass that says
    so.
    """
    listings = _listed(asked)
    from policylint.engine.registry import all_rules

    all_rules(_SUBJECTS)
    return judged(asked, _searched(listings))


def searched(asked: Survey) -> Scan:
    """The invocations below the paths, with the failures of reading."""
    return _searched(_listed(asked))


def _listed(asked: Survey) -> list[Listing]:
    return listed(absolute(asked), configuration(asked).scan_ignore)


def _searched(listings: Sequence[Listing]) -> Scan:
    from policylint.scan.repository.walk import scanned

    return scanned(listings, Path.cwd())


def absolute(asked: Survey) -> list[Path]:
    """The paths asked for, in full; links stay as they are named."""
    return [Path(os.path.abspath(path)) for path in asked.paths or (".",)]  # noqa: PTH100  resolve() follows links


def judged(asked: Survey, found: Scan) -> Report:
    """What the rules say of the invocations of a scan."""
    from policylint.engine.evaluate import evaluate, order, verdict
    from policylint.engine.rule import Context
    from policylint.scan.invocations.secrets import secrets

    config = configuration(asked)
    environment = _environment(asked, config)
    levels, settings = severities(config.rules, environment.rules)
    level = asked.level or environment.level or config.level
    rules, failures = _rules(asked, config, level)
    active = tuple(rule for rule in rules if levels.get(rule.id, rule.severity) is not None)
    context = Context(_target(asked, config, environment), settings=settings, level=level)
    redactor = Redactor(tuple(secrets(found.invocations)))
    findings, broken = evaluate(
        active, tuple(_subjects(asked, found, config, active)), context, redactor
    )
    weighed = tuple(sorted((_weighed(finding, levels) for finding in findings), key=order))
    every = (*failures, *found.failures, *broken)
    fail_on = asked.fail_on or environment.fail_on or config.fail_on or Severity.ERROR
    extra = {"files_read": found.files_read, "invocations": _Rows(found.invocations, redactor)}
    return Report(verdict(weighed, every, fail_on), findings=weighed, failures=every, extra=extra)


def _subjects(
    asked: Survey, found: Scan, config: Config, rules: Iterable[Rule]
) -> Iterator[object]:
    """The invocations, those of each file together, and the removals where a rule asks for them:
    they take a search."""
    from policylint.scan.repository.routes import Removal, removals
    from policylint.scan.repository.together import in_repository

    yield from (*found.invocations, *in_repository(found.invocations))
    if any(Removal in rule.subjects for rule in rules):
        yield from removals(found.invocations, absolute(asked), Path.cwd(), skip=config.scan_ignore)


class _Rows(Sequence[Any]):
    """The invocations as JSON values, secrets masked; made one by one, as only some formats write
    them."""

    def __init__(self, invocations: Sequence[Invocation], redactor: Redactor) -> None:
        self._invocations = invocations
        self._redactor = redactor

    def __getitem__(self, at: Any) -> Any:
        from policylint.scan.invocations.secrets import masked

        row = masked(self._invocations[at]).to_json()
        return self._redactor.value(row) if self._redactor.secrets else row

    def __len__(self) -> int:
        return len(self._invocations)


def configuration(asked: Survey) -> Config:
    """The configuration that is named, or the nearest one above the current directory."""
    path = Path(asked.config) if asked.config else find(Path.cwd())
    return read(path) if path else Config()


def _environment(asked: Survey, config: Config) -> Environment:
    if not asked.environment:
        return Environment()
    from policylint.helm.inputs.options import Options
    from policylint.pipeline.target import environment_of

    return environment_of(Options(environment=asked.environment), config)


def _target(asked: Survey, config: Config, environment: Environment) -> Target:
    """What the rules take for granted; the Helm line is "" where neither the user nor the
    configuration names one."""
    line = asked.helm_version or environment.helm or config.helm
    if line not in ("", "3", "4"):
        raise UsageError(
            f"--helm-version is 3 or 4, not {line!r}", remedy="name the major version only"
        )
    apply = Apply.CLIENT_SIDE if line == "3" else Apply.SERVER_SIDE
    return Target(NEWEST, helm=line, apply=apply, environment=asked.environment)


def _rules(
    asked: Survey, config: Config, level: Category | None
) -> tuple[tuple[Rule, ...], tuple[RuleFailure, ...]]:
    from policylint.engine.registry import all_rules, select

    rules, failures = all_rules(_SUBJECTS)
    chosen = select(
        rules,
        selected=asked.select or config.select,
        ignored=(*asked.ignore, *config.ignore),
        level=level,
    )
    mine = (
        rule
        for rule in chosen
        if not _SUBJECTS.isdisjoint(subject.__name__ for subject in rule.subjects)
    )
    return tuple(mine), failures


def _weighed(finding: Finding, levels: dict[str, Severity | None]) -> Finding:
    """The severity that the configuration says; what documentation tells people to type is no
    deploy: a note."""
    wanted = levels.get(finding.rule)
    if wanted is None and finding.locations and _for_people(finding.locations[0].file):
        wanted = Severity.NOTE
    return replace(finding, severity=wanted) if wanted else finding


def _for_people(file: str) -> bool:
    """Whether a file is documentation, or what one is rendered from (README.md.gotmpl)."""
    name = file.lower()
    return name.endswith(DOCUMENTS) or name.rpartition(".")[0].endswith(DOCUMENTS)
