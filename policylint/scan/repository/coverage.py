"""Is policylint itself called before each deploy, and does its answer count? A reading of the
files; nothing is run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from policylint.scan.invocations.model import Invocation
from policylint.scan.repository.callsites import CallSite, calls, runs_at
from policylint.scan.repository.guards import Guard, guards
from policylint.scan.repository.jobs import CI, Part, Parts, parts_of
from policylint.scan.repository.judged import Configured, Run
from policylint.scan.repository.swallowed import flaw, goes_on
from policylint.scan.texts.source import Source

__all__ = ["Coverage", "Guard", "examine", "guards"]
DECLARED = (
    "helmfile",
    "flux",
    "argocd",
    "terraform",
    "pulumi",
    "fleet",
    "k3s",
    "werf",
    "kustomize",
    "skaffold",
    "crossplane",
    "rancher",
    "cdk8s",
)
"""Tools whose declarations are deployed by something else than the file they stand in."""
_NOTHING = "nothing runs policylint before it"


class Coverage(Struct, frozen=True):
    """One deploy and the guard that comes before it; `because` says which way, or why there is
    none."""

    deploy: Invocation
    guard: Guard | None
    because: str


class _Answer(Struct, frozen=True):
    """A guard, or None and the best reason there is."""

    guard: Guard | None
    because: str


_Placed = tuple[Guard, int, int, str]
"""A guard, the line and column where it comes to run in a file, and why its answer stops nothing
there."""


class _File(Struct, frozen=True):
    source: Source
    parts: Parts
    guards: tuple[Guard, ...]
    calls: tuple[CallSite, ...] = ()


def everything(deploy: Invocation, run: Run) -> bool:  # noqa: ARG001  as Configured is
    """Every deploy is configured."""
    return True


def examine(
    deploys: Iterable[Invocation],
    sources: Iterable[Source],
    configured: Configured = everything,
) -> tuple[Coverage, ...]:
    """For each install, upgrade, rollback, apply or sync: the policylint run that comes before it
    and judges it, if any.

    `sources` are the files of the repository that run policylint, hold a deploy, or run such a
    file; `configured` tells which deploys a check without a chart judges.
    """
    by_name = {source.file: source for source in sources}
    parts = {name: parts_of(source) for name, source in by_name.items()}
    files = {
        name: _File(source, parts[name], tuple(guards(source)), tuple(calls(source, parts)))
        for name, source in by_name.items()
    }
    examiner = _Examiner(_Repository(files), configured)
    return tuple(examiner.cover(deploy) for deploy in deploys if deploy.deploys)


class _Examiner(Struct, frozen=True):
    """A repository as each deploy sees it: with the guards that judge it."""

    whole: _Repository
    configured: Configured
    narrowed: dict[frozenset[Guard], _Repository] = field(default_factory=dict)

    def cover(self, deploy: Invocation) -> Coverage:
        """What covers a deploy; where something else runs before it, that it judges others."""
        every = [guard for file in self.whole.files.values() for guard in file.guards]
        idle = frozenset(guard for guard in every if not guard.run.judges(deploy, self.configured))
        if not idle:
            return self.whole.cover(deploy)
        if idle not in self.narrowed:
            self.narrowed[idle] = self.whole.without(idle)
        coverage = self.narrowed[idle].cover(deploy)
        if coverage.guard is not None:
            return coverage
        guard = self.whole.cover(deploy).guard
        if guard is None:
            return coverage
        return replace(coverage, because=_judges_others(guard))


def _judges_others(guard: Guard) -> str:
    return f"{guard.file}:{guard.line} runs before it, but judges {guard.run.words}: this is none"


class _Repository(Struct, frozen=True):
    files: Mapping[str, _File]
    answers: dict[tuple[str, int, int], _Answer] = field(default_factory=dict)
    known: dict[str, tuple[_Placed, ...]] = field(default_factory=dict)
    """The guards of a file, its own and those it reaches."""

    def without(self, idle: frozenset[Guard]) -> _Repository:
        """The same with fewer guards."""
        files = {}
        for name, file in self.files.items():
            kept = tuple(guard for guard in file.guards if guard not in idle)
            files[name] = replace(file, guards=kept)
        return _Repository(files)

    def cover(self, deploy: Invocation) -> Coverage:
        """The first way in which policylint comes before a deploy; else the first reason why it
        does not."""
        answer = self.before(deploy.file, deploy.line, deploy.column)
        if (
            answer.guard is None
            and deploy.tool in DECLARED
            and (guard := self.anywhere(in_ci=True))
        ):
            answer = _Answer(guard, "runs in CI before the declaration is merged")
        if answer.guard is None and (guard := self.anywhere(in_ci=False)):
            answer = _Answer(guard, "runs before each commit")
        return Coverage(deploy, answer.guard, answer.because)

    def anywhere(self, *, in_ci: bool) -> Guard | None:
        """A guard of some CI file whose answer counts, or one before commits."""
        for name in sorted(self.files):
            file = self.files[name]
            for guard in file.guards:
                if in_ci:
                    here = bool(CI.search(name))
                else:
                    here = guard.kind == "hook"
                if here and not _ignored(file, guard.flaw, guard.line):
                    return guard
        return None

    def before(self, name: str, line: int, column: int) -> _Answer:
        """What guards a place of a file: above it, in what it waits for, or before each call of
        it."""
        place = (name, line, column)
        if place not in self.answers:
            self.answers[place] = _Answer(None, _NOTHING)  # for files that run each other
            self.answers[place] = self._before(self.files.get(name), line, column)
        return self.answers[place]

    def _before(self, file: _File | None, line: int, column: int) -> _Answer:
        if file is None:
            return _Answer(None, _NOTHING)
        reasons: list[str] = []
        for place in runs_at(file.source, line):
            answer = self._above(file, place, column if place == line else 1)
            if answer.guard:
                return answer
            reasons.append(answer.because)
        for answer in (self._needed(file, line), self._called(file, line)):
            if answer.guard:
                return answer
            reasons.append(answer.because)
        return _Answer(None, next((why for why in reasons if why != _NOTHING), _NOTHING))

    def _above(self, file: _File, line: int, column: int) -> _Answer:
        """The last guard above a place, of the same part where the file has parts."""
        part, reason = file.parts.at(line), _NOTHING
        for guard, at, col, why in self._guards(file):
            is_after = (at, col) >= (line, column)
            if is_after or file.parts.at(at) != part or not _covers(guard, at, line):
                continue
            but = _ignored(file, why, at) or _passed_over(part, at, line)
            if not but:
                return _Answer(guard, _where(file, guard))
            reason = f"{guard.file}:{guard.line} runs before it, but {but}"
        return _Answer(None, reason)

    def _guards(self, file: _File) -> tuple[_Placed, ...]:
        """The guards of a file and of what it calls, each with the place and the flaw in this file,
        the last first."""
        name = file.source.file
        if name not in self.known:
            self.known[name] = ()  # for files that run each other
            placed = [*_own(file), *self._through(file)]
            placed.sort(key=lambda guard: guard[1:3], reverse=True)
            self.known[name] = tuple(placed)
        return self.known[name]

    def _through(self, file: _File) -> Iterator[_Placed]:
        for call in file.calls:
            guard = self._within(call)
            if guard:
                why, until = flaw(file.source, call.line, call.column - 1, call.end)
                yield guard, call.line, call.column, guard.flaw or why if not until else ""

    def _within(self, call: CallSite) -> Guard | None:
        """A guard in the part that a call runs, or in what that part waits for or calls."""
        file = self.files[call.to]
        wanted = file.parts.by_name.get(call.part)
        own = [wanted, *(part for part, _ in file.parts.before(wanted))] if wanted else [None]
        for guard, at, _, why in self._guards(file):
            part = file.parts.at(at)
            is_conditional = part is not None and part.condition_at(at)
            if (
                (not call.part or part in own)
                and not _ignored(file, why, at)
                and not is_conditional
            ):
                return guard
        return None

    def _needed(self, file: _File, line: int) -> _Answer:
        own, reason = file.parts.at(line), _NOTHING
        for part, anyway in file.parts.before(own):
            for guard, at, _, why in self._guards(file):
                if file.parts.at(at) != part:
                    continue
                but = _ignored(file, why, at) or _not_waited_for(part, own, anyway=anyway)
                if not but:
                    return _Answer(guard, "runs in a job that it waits for")
                reason = f"{guard.file}:{guard.line} runs in a job that it waits for, but {but}"
        return _Answer(None, reason)

    def _called(self, file: _File, line: int) -> _Answer:
        """What comes before every call of the place's file, or of the part that holds it."""
        guarded: _Answer | None = None
        for call in self._sites(file, line):
            answer = self.before(call.file, call.line, call.column)
            if answer.guard is None:
                if answer.because != _NOTHING:
                    why = f": {answer.because}"
                else:
                    why = ""
                bare = f"nothing runs policylint before {call.file}:{call.line} runs it{why}"
                return _Answer(None, bare)
            if guarded is None:
                guarded = _Answer(answer.guard, f"runs before {call.file}:{call.line} runs it")
        return guarded or _Answer(None, _NOTHING)

    def _sites(self, file: _File, line: int) -> Iterator[CallSite]:
        """The calls of a file, or of the part of it that holds a line."""
        part = file.parts.at(line)
        names = {"", part.name if part else ""} | _waiting(file.parts, part)
        for caller in self.files.values():
            for call in caller.calls:
                if call.to == file.source.file and call.part in names:
                    yield call


def _covers(guard: Guard, at: int, line: int) -> bool:
    """Whether a line is in the branch that a guard at `at` decides on, where it decides on one."""
    return not guard.until or at <= line <= guard.until


def _where(file: _File, guard: Guard) -> str:
    if guard.file != file.source.file:
        return "runs before it"
    where = "runs before it in the same file"
    if goes_on(file.source):
        return f"{where}; nothing stops at its findings: set -e is missing"
    return where


def _own(file: _File) -> Iterator[_Placed]:
    for guard in file.guards:
        yield from (
            (guard, at, guard.column, guard.flaw) for at in runs_at(file.source, guard.line)
        )


def _waiting(parts: Parts, part: Part | None) -> set[str]:
    """The parts that run this one first: calling them calls it too."""
    names: set[str] = set()
    if part is None:
        return names
    for name, caller in parts.by_name.items():
        if part in (needed for needed, _ in parts.before(caller)):
            names.add(name)
    return names


def _ignored(file: _File, why: str, line: int) -> str:
    """Why the answer of a guard in this file stops nothing."""
    part = file.parts.at(line)
    step = part.step(line) if part else None
    if why:
        return why
    if (step and step.tolerant) or (part and part.tolerant):
        return "it is allowed to fail"
    return ""


def _not_waited_for(part: Part, own: Part | None, *, anyway: bool) -> str:
    """Why a job may deploy without the answer of a part that it needs."""
    if anyway:
        return "the job runs though it failed"
    if own is not None and own.though_skipped and part.condition not in own.condition:
        return f"that job is left out unless {part.condition}, and this one runs all the same"
    if own is not None and _is_left_out(part.rules, own.rules):
        return f"GitLab leaves that job out of some pipelines: {part.rules[0]}"
    return ""


def _is_left_out(rules: tuple[str, ...], own: tuple[str, ...]) -> bool:
    """Whether GitLab leaves a job out of a pipeline that has the one with its `own` rules."""
    if not rules or (own and set(own).issubset(rules)):
        return False
    kinds = {rule.partition(" ")[0] for rule in (*rules, *own)}
    return len(kinds) == 1


def _passed_over(part: Part | None, guard_line: int, deploy_line: int) -> str:
    """Why a step of the same job may deploy without the answer of an earlier one."""
    guarding = part.step(guard_line) if part else None
    deploying = part.step(deploy_line) if part else None
    if part is None or guarding is None or deploying is None or guarding == deploying:
        return ""
    if deploying.anyway:
        return "the step runs though it failed"
    if guarding.condition not in ("", deploying.condition, part.condition):
        return f"only if {guarding.condition}"
    return ""
