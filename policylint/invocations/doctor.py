"""Is policylint itself called before each deploy? A reading of the files; nothing is run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from policylint.invocations.model import Invocation
from policylint.invocations.source import Source
from policylint.invocations.tree import Tree, documents

_COMMAND = re.compile(r"(?<![\w./-])(?:[\w./-]*/)?policylint(?::\S+)?(?:\s+-[\w-]+(?:=\S+)?)*\s+(check|scan)\b")
_STEP = re.compile(r"^\s*-?\s*uses:\s*[\"']?[\w./-]*policylint[\w./-]*@", re.MULTILINE)
_HOOK = re.compile(r"^\s*-\s*id:\s*[\"']?policylint\b|^\s*-?\s*repo:\s*\S*/policylint\b", re.MULTILINE)
_SILENT = re.compile(r"^\s*(?:#|//|rem\b|-?\s*(?:@?echo|printf)\b|-?\s*(?:name|description):)", re.IGNORECASE)
_HOOKS = (".pre-commit-config.yaml", ".pre-commit-config.yml", "lefthook.yml", "lefthook.yaml")
_CI = re.compile(
    r"(?:^|/)(?:\.github/workflows/[^/]+|\.gitlab-ci[^/]*|[^/]*gitlab-ci|\.circleci/config|azure-pipelines[^/]*"
    r"|bitbucket-pipelines|\.drone|\.woodpecker[^/]*|\.woodpecker/[^/]+|Jenkinsfile[^/]*|\.tekton/[^/]+)(?:\.ya?ml)?$"
)
_NOT_JOBS = ("stages", "variables", "default", "include", "workflow", "image", "services", "before_script", "cache")
DECLARED = (
    *("helmfile", "flux", "argocd", "terraform", "pulumi", "fleet", "k3s", "werf", "kustomize", "skaffold"),
    *("crossplane", "rancher", "cdk8s"),
)
"""Tools whose declarations are deployed by something else than the file they stand in."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A place where policylint is run: `kind` is command, step (a CI action) or hook (before a commit)."""

    file: str
    line: int
    kind: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """One deploy and the guard that comes before it; `because` says which way, or why there is none."""

    deploy: Invocation
    guard: Guard | None
    because: str


@dataclass(frozen=True, slots=True)
class Part:
    """A CI job: the lines it takes and the jobs that are done before it."""

    name: str
    first: int
    last: int
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _File:
    guards: tuple[Guard, ...]
    parts: Mapping[str, Part] = field(default_factory=dict)

    def part(self, line: int) -> Part | None:
        return next((part for part in self.parts.values() if part.first <= line <= part.last), None)


def examine(deploys: Iterable[Invocation], sources: Iterable[Source]) -> tuple[Coverage, ...]:
    """For each install, upgrade, rollback, apply or sync: the policylint run that comes before it, if any.

    `sources` are all files of the repository that run policylint or hold a deploy.
    """
    files = {source.file: _File(tuple(guards(source)), _parts(source)) for source in sources}
    every = [guard for name in sorted(files) for guard in files[name].guards]
    hook = next((guard for guard in every if guard.kind == "hook"), None)
    in_ci = next((guard for guard in every if _CI.search(guard.file)), None)
    return tuple(_cover(each, files.get(each.file), hook, in_ci) for each in deploys if each.deploys)


def guards(source: Source) -> Iterator[Guard]:
    """Where a file runs `policylint check` or `scan`; printed text, comments and names are none."""
    if "policylint" not in source.text:
        return
    is_hooks = PurePosixPath(source.file).name in _HOOKS
    for number, line in enumerate(source.text.split("\n"), 1):
        if _SILENT.match(line):
            continue
        if is_hooks and (_HOOK.match(line) or _COMMAND.search(line)):
            yield Guard(source.file, number, "hook")
        elif _COMMAND.search(line):
            yield Guard(source.file, number, "command")
        elif _STEP.match(line):
            yield Guard(source.file, number, "step")


def _cover(deploy: Invocation, file: _File | None, hook: Guard | None, in_ci: Guard | None) -> Coverage:
    before = _before(deploy, file) if file else None
    if before:
        return Coverage(deploy, before, "runs before it in the same file")
    needed = _needed(deploy, file) if file else None
    if needed:
        return Coverage(deploy, needed, "runs in a job that it waits for")
    if deploy.tool in DECLARED and in_ci:
        return Coverage(deploy, in_ci, "runs in CI before the declaration is merged")
    if hook:
        return Coverage(deploy, hook, "runs before each commit")
    return Coverage(deploy, None, "nothing runs policylint before it")


def _before(deploy: Invocation, file: _File) -> Guard | None:
    """The last guard above it, of the same job where the file has jobs."""
    own = file.part(deploy.line)
    above = [guard for guard in file.guards if guard.line <= deploy.line and file.part(guard.line) == own]
    return above[-1] if above else None


def _needed(deploy: Invocation, file: _File) -> Guard | None:
    own = file.part(deploy.line)
    todo, seen = list(own.needs) if own else [], set[str]()
    while todo:
        name = todo.pop()
        part = file.parts.get(name)
        if part is None or name in seen:
            continue
        seen.add(name)
        todo += part.needs
        for guard in file.guards:
            if part.first <= guard.line <= part.last:
                return guard
    return None


def _parts(source: Source) -> dict[str, Part]:
    """The jobs of a CI file; empty for any other."""
    if not source.file.endswith((".yaml", ".yml")) or not _CI.search(source.file):
        return {}
    roots = [root for root in documents(source.text, source.file) if isinstance(root, Tree)]
    found = [part for root in roots for part in (*_github(root), *_azure(root), *_gitlab(root))]
    required = {name: needs for root in roots for name, needs in _circle(root)}
    return {
        part.name: Part(part.name, part.first, part.last, part.needs or required.get(part.name, ())) for part in found
    }


def _names(tree: Tree | None) -> tuple[str, ...]:
    """`needs: a`, `needs: [a, b]`, `needs: [{job: a}]`."""
    if tree is None:
        return ()
    if tree.text is not None:
        return (tree.text,)
    return tuple(name for item in tree.items() if (name := item.text or item.string("job") or ""))


def _part(name: str, tree: Tree, needs: tuple[str, ...]) -> Part:
    end = tree.spot
    return Part(name, tree.line, end.end_line - (end.end_column == 1), needs)


def _github(root: Tree) -> Iterator[Part]:
    jobs = root.get("jobs")
    for name, job in jobs.pairs() if jobs else ():
        yield _part(name, job, _names(job.get("needs")))


def _azure(root: Tree) -> Iterator[Part]:
    stages = root.get("stages")
    for holder in (root, *(stages.items() if stages else ())):
        jobs = holder.get("jobs")
        for job in jobs.items() if jobs else ():
            name = job.string("job") or job.string("deployment")
            if name:
                yield _part(name, job, _names(job.get("dependsOn")))


def _gitlab(root: Tree) -> Iterator[Part]:
    """Jobs are top-level keys; without `needs` a job waits for all of the earlier stages."""
    jobs = [(name, job) for name, job in root.pairs() if name not in _NOT_JOBS and job.get("script") is not None]
    order = list(_names(root.get("stages"))) or ["build", "test", "deploy"]
    stage = {name: job.string("stage") or "test" for name, job in jobs}
    for name, job in jobs:
        needs = job.get("needs")
        rank = order.index(stage[name]) if stage[name] in order else 0
        earlier = tuple(other for other, _ in jobs if stage[other] in order[:rank])
        yield _part(name, job, _names(needs) if needs is not None else earlier)


def _circle(root: Tree) -> Iterator[tuple[str, tuple[str, ...]]]:
    workflows = root.get("workflows")
    for _, workflow in workflows.pairs() if workflows else ():
        jobs = workflow.get("jobs")
        for item in jobs.items() if jobs else ():
            for name, options in item.pairs():
                yield name, _names(options.get("requires"))
