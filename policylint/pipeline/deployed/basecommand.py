"""The before side of a command: the release's command as the files of the base have it.

`policylint check -- helm upgrade redis bitnami/redis --version 21.0.0` says nothing of what runs
now; the pipeline, Makefile or script that the command is from does, at the base: its version,
values files, sets and flags.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from policylint.errors import RuleFailure, SourceError
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.sides import ChartSide, Side, ValuesInput
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.sources.baseline import default_revision, named_revision
from policylint.helm.sources.git import Repository, find_repository
from policylint.helm.sources.reach import depends_on
from policylint.helm.sources.resolve import resolve_at, with_streams
from policylint.helm.sources.snapshot import Revision
from policylint.pipeline.configuration.settings import Settings
from policylint.pipeline.deployed.basedeclared import Earlier, earlier_declared
from policylint.pipeline.deployed.forwarded import passed_on
from policylint.pipeline.deployed.runs import runs_at, runs_now
from policylint.pipeline.deployed.spelled import (
    SETS,
    Item,
    Match,
    Spelling,
    UnresolvedError,
    bound,
    matched,
    spelling_of,
    typed_items,
)
from policylint.pipeline.plan import chart_side
from policylint.scan.invocations.model import Invocation
from policylint.scan.repository.deploys import commands_of
from policylint.scan.texts.text import HOLE, TAIL

_NAME_IT = (
    "name the before side: --before release:NAMESPACE/NAME (asks the cluster), or an exported"
    " record (kubectl get secret -l owner=helm,name=RELEASE -o yaml) as --before FILE"
)


class Sides(Struct, frozen=True):
    """Both sides of a command, and the settings with the release's name where a file tells it."""

    before: Side
    after: Side
    settings: Settings
    failures: tuple[RuleFailure, ...] = ()


class _Folder(Struct, frozen=True):
    """Where the paths of a command are named from, and what is there."""

    repository: Repository
    commit: str
    """"" for the work tree."""
    folder: Path

    def has(self, path: str) -> bool:
        """Whether there is such a path."""
        absolute = os.path.normpath(self.folder / path)
        if not self.commit:
            return os.path.lexists(absolute)
        return self.repository.has(self.commit, self.repository.path_of(absolute))

    def named(self, flag: str, path: str) -> str:
        """A path from the root; an address and a chart of a repository as they are."""
        if "://" in path or path == "-" or (flag == "chart" and not self._is_local(path)):
            return path
        return os.path.normpath(self.folder / path)

    def _is_local(self, chart: str) -> bool:
        if chart.startswith((".", "/")):
            return True
        known = chart.partition(HOLE)[0].partition(TAIL)[0]
        return bool(known) and self.has(known if known == chart else posixpath.dirname(known))


class _Spelled(Struct, frozen=True):
    """A command of a file, and what it says."""

    run: Invocation
    spelling: Spelling

    @property
    def where(self) -> str:
        """Its place for people."""
        return f"{self.run.file}:{self.run.line}"

    @property
    def group(self) -> tuple[str, str]:
        """What a command is known by across revisions: its file and its CI job."""
        return self.run.file, self.run.job.name if self.run.job else ""


class _Choice(Struct, frozen=True):
    """The command of the base, and how today's became what is typed."""

    command: _Spelled
    match: Match


def sides_of_command(settings: Settings, skip: Sequence[str], workspace: Workspace) -> Sides | None:
    """Both sides of what the user types, the before side as the base's files have the command.

    None where no file there has one: the chart and its values say the rest. `skip` are patterns of
    files that are not read. Raises SourceError where several have one and differ, and where its
    words cannot be told.
    """
    options = settings.options
    repository = _repository(options)
    if repository is None:
        return None
    now = runs_now(repository.top, skip)
    here = _commands(now, options)
    revision = _revision(repository, settings, here)
    if revision is None:
        return None
    past = runs_at(repository, revision.commit, repository.top, now, skip, workspace)
    there = _commands(past, options)
    if not there:
        declared = earlier_declared(settings, repository, revision, past, workspace)
        return _after_declaration(settings, declared, workspace) if declared else None
    typed = typed_items(options, _Folder(repository, "", Path.cwd()).named)
    todays = _spelled(here, repository, "")
    earlier = _spelled(there, repository, revision.commit)
    choice = _chosen(options, todays, earlier, typed)
    if choice:
        return _sides(settings, choice, revision, workspace)
    return None


def _after_declaration(settings: Settings, earlier: Earlier, workspace: Workspace) -> Sides:
    """What is typed, after what the base declares."""
    after = with_streams(chart_side(settings), workspace)
    notes = (f"before: the declaration of {earlier.where}",)
    before = earlier.side
    if isinstance(before, ChartSide):
        before = replace(before, notes=notes)
    return Sides(before, after, settings, earlier.failures)


def _commands(runs: Sequence[Invocation], options: Options) -> tuple[Invocation, ...]:
    return commands_of(runs, options.release, options.namespace, options.after, options.environment)


def _repository(options: Options) -> Repository | None:
    """The repository of the current directory; None where the chart is in another one, and where
    the before side is named otherwise."""
    if options.before and not options.before.startswith("git:"):
        return None
    repository = find_repository(".")
    chart = options.after
    is_foreign = os.path.lexists(chart) and repository and not repository.path_of(chart)
    if is_foreign or chart == "-":
        return None
    return repository


def _revision(
    repository: Repository, settings: Settings, here: Sequence[Invocation]
) -> Revision | None:
    """The base; None where there is none, which is said where the chart is looked for."""
    options = settings.options
    try:
        if options.before:
            return named_revision(repository, options.before.removeprefix("git:"))
        paths = depends_on(repository, ChartSide(options.after, values=options.values))
        files = {run.file for run in here}
        return default_revision(repository, sorted(files.union(paths)), settings.default_branch)
    except SourceError:
        return None


def _spelled(
    runs: Sequence[Invocation], repository: Repository, commit: str
) -> tuple[_Spelled, ...]:
    spelled = []
    for run in runs:
        if run.command is None:
            raise SourceError(
                f"the command of {run.file}:{run.line} is read in several ways", remedy=_NAME_IT
            )
        folder = _folder_of(run, repository, commit)
        spelled.append(_Spelled(run, spelling_of(run.command, folder.named)))
    return tuple(spelled)


def _folder_of(run: Invocation, repository: Repository, commit: str) -> _Folder:
    """Where a command runs: here, at the top, or in the directory of its file or above, wherever
    its files are."""
    files = [file for file in run.values_files if "…" not in file]
    if run.chart and run.chart.startswith("."):
        files.append(run.chart)
    own = (repository.top / run.file).parent
    above = (folder for folder in own.parents if folder.is_relative_to(repository.top))
    folders = dict.fromkeys((Path.cwd(), repository.top, own, *above))
    candidates = [_Folder(repository, commit, folder) for folder in folders]
    for candidate in candidates:
        if all(map(candidate.has, files)):
            return candidate
    return candidates[0]


def _chosen(
    options: Options,
    todays: Sequence[_Spelled],
    earlier: Sequence[_Spelled],
    typed: Sequence[Item],
) -> _Choice | None:
    """The command of the base that what is typed comes from; None where it comes from none of
    those that leave the release open."""
    own = _typed_from(todays, typed)
    if not own:
        if any(command.run.release is None for command in earlier):
            return None
        own = list(todays) if len(todays) == 1 else []
    candidates: list[_Spelled] = []
    for command in own:
        candidates += _counterparts(command, todays, earlier)
    candidates = candidates or list(earlier)
    if len({command.spelling for command in candidates}) > 1:
        raise _ambiguous(options, candidates)
    if own:
        spelling = own[0].spelling
    else:
        spelling = replace(candidates[0].spelling, is_open=False)
    return _Choice(candidates[0], matched(spelling, typed))


def _typed_from(todays: Sequence[_Spelled], typed: Sequence[Item]) -> list[_Spelled]:
    """Those of today's commands that what is typed is an instance of."""
    return [command for command in todays if matched(command.spelling, typed).is_whole]


def _counterparts(
    command: _Spelled, todays: Sequence[_Spelled], earlier: Sequence[_Spelled]
) -> list[_Spelled]:
    """What the base has in the place of one of today's commands."""
    now = [today for today in todays if today.group == command.group]
    then = [old for old in earlier if old.group == command.group]
    if len(now) == len(then):
        return [then[now.index(command)]]
    return then


def _ambiguous(options: Options, candidates: Sequence[_Spelled]) -> SourceError:
    written = ", ".join(dict.fromkeys(command.where for command in candidates))
    name = options.release or options.after
    return SourceError(
        f"which command deployed {name} before is not known: those of {written} differ",
        remedy=f"--env ENVIRONMENT, where one is of its job; or {_NAME_IT}",
    )


def _sides(settings: Settings, choice: _Choice, revision: Revision, workspace: Workspace) -> Sides:
    command, options = choice.command, settings.options
    try:
        items, filled = bound(command.spelling, choice.match)
    except UnresolvedError as error:
        raise SourceError(
            f"what {command.where} gave for {error.what} at {revision.label} is not known",
            remedy=_NAME_IT,
        ) from None
    named = replace(
        options,
        release=options.release or command.run.release or "",
        namespace=options.namespace or command.run.namespace or "",
    )
    own = replace(settings, options=named)
    after = with_streams(chart_side(own), workspace)
    earlier = chart_side(replace(settings, options=_options(named, command, items)))
    notes = (f"before: the command of {command.where}", *_filled(filled))
    before = _with_copies(replace(earlier, notes=notes), after)
    sides = resolve_at(revision, before, after, workspace, options.helm)
    return Sides(*sides, own, tuple(_unrun(command, options)))


def _options(options: Options, command: _Spelled, items: Sequence[Item]) -> Options:
    """The options as the earlier command states them."""
    by_flag: dict[str, list[str]] = {}
    for item in items:
        by_flag.setdefault(item.flag, []).append(item.text)
    last = {flag: texts[-1] for flag, texts in by_flag.items()}
    sets = {flag.replace("-", "_"): tuple(by_flag.get(flag, ())) for flag in SETS}
    words = command.run.command
    return replace(
        options,
        after=last["chart"],
        version=last.get("version", ""),
        repo=last.get("repo", ""),
        values=ValuesInput(files=tuple(by_flag.get("values", ())), **sets),
        extra=passed_on(words) if words else (),
    )


def _with_copies(side: ChartSide, copied: ChartSide) -> ChartSide:
    """A side with what the other one read from a pipe or standard input, which can be read
    once."""
    paths = {name: path for path, name in copied.copies}
    values = side.values.with_set_files(lambda file: paths.get(file, file))
    files = tuple(paths.get(file, file) for file in values.files)
    return replace(side, values=replace(values, files=files), copies=copied.copies)


def _filled(items: Sequence[Item]) -> Iterator[str]:
    if items:
        words = ", ".join(dict.fromkeys(item.shown for item in items))
        yield f"what a variable held before is not known: {words} as it is typed now"


def _unrun(command: _Spelled, options: Options) -> Iterator[RuleFailure]:
    if options.post_renderer or "post-renderer" not in command.run.flags:
        return
    yield RuleFailure(
        "post-renderer",
        f"the post-renderer of {command.where} was not run, so what Helm sent before is not known",
        "give its output as the sides: --before before.yaml after.yaml",
    )
