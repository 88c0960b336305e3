"""The parts of a file that run on their own: jobs of a CI file with their steps, targets of a
Makefile or Justfile."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from policylint.runtime.patterns import pattern
from policylint.scan.texts.source import Source
from policylint.scan.texts.yaml import Tree, documents

CI = pattern(
    r"(?:^|/)(?:\.(?:github|gitea|forgejo)/workflows/[^/]+|\.gitlab-ci[^/]*|[^/]*gitlab-ci|\.circleci/config"
    r"|azure-pipelines[^/]*|bitbucket-pipelines|\.drone|\.woodpecker[^/]*|\.woodpecker/[^/]+|Jenkinsfile[^/]*|\.tekton/[^/]+)"
    r"(?:\.ya?ml)?$"
)
MAKE = pattern(
    r"(?:^|/)(?:GNUmakefile|[Mm]akefile[^/]*|[Jj]ustfile|\.justfile|[^/]+\.(?:mk|just))$"
)
TASKS = pattern(r"(?:^|/)[Tt]askfile(?:\.dist)?\.ya?ml$")
_TARGET = pattern(
    r"^@?(?P<names>[\w./-][\w./%-]*(?:[ \t]+[\w./%-]+)*)(?:[ \t]+[^\n:]*?)?[ \t]*::?(?!=)"
    r"(?P<needs>[^=\n#;]*)(?:[#;][^\n]*)?$",
    re.MULTILINE,
)
_ANYWAY = pattern(
    r"always\(\)|failure\(\)|failed\(\)|succeededOrFailed\(\)|!\s*cancelled\(\)|\balways\b|on_failure"
)
_AFTER_SUCCESS = pattern(r"!\s*failure\(\)|result\s*==\s*'success'|\bsucceeded\('")
_PLAIN = ("success()", "succeeded()")
_NOT_JOBS = (
    "stages",
    "variables",
    "default",
    "include",
    "workflow",
    "image",
    "services",
    "before_script",
    "cache",
)


class Step(Struct, frozen=True):
    """One step of a job, by its lines. `anyway`: it runs though what came before it failed;
    `tolerant`: it may fail."""

    first: int
    last: int
    anyway: bool = False
    tolerant: bool = False
    condition: str = ""


class Part(Struct, frozen=True):
    """A job or a target: the lines it takes, and the parts that are done before it."""

    name: str
    first: int
    last: int
    needs: tuple[str, ...] = ()
    anyway: bool = False
    tolerant: bool = False
    condition: str = ""
    steps: tuple[Step, ...] = ()

    def step(self, line: int) -> Step | None:
        """The step that holds a line."""
        return next((step for step in self.steps if step.first <= line <= step.last), None)


class Parts(Struct, frozen=True):
    """All parts of one file; empty where the file is one piece (a script)."""

    by_name: Mapping[str, Part] = field(default_factory=dict)

    def at(self, line: int) -> Part | None:
        """The part that holds a line."""
        return next(
            (part for part in self.by_name.values() if part.first <= line <= part.last), None
        )

    def before(self, part: Part | None) -> Iterator[tuple[Part, bool]]:
        """Each part that is done before this one, and whether this one runs although that one
        failed."""
        todo, seen = ([(name, part.anyway) for name in part.needs] if part else []), set[str]()
        while todo:
            name, anyway = todo.pop(0)
            found = self.by_name.get(name)
            if found is None or name in seen:
                continue
            seen.add(name)
            yield found, anyway
            todo += [(each, anyway or found.anyway) for each in found.needs]


def parts_of(source: Source) -> Parts:
    """The parts of a file, by its name."""
    if MAKE.search(source.file):
        return Parts({part.name: part for part in _targets(source.text)})
    if not source.file.endswith((".yaml", ".yml")):
        return Parts()
    roots = [root for root in documents(source.text, source.file) if isinstance(root, Tree)]
    if TASKS.search(source.file):
        return Parts({part.name: part for root in roots for part in _tasks(root)})
    if not CI.search(source.file):
        return Parts({part.name: part for root in roots for part in _composite(root)})
    found = [part for root in roots for part in (*_github(root), *_azure(root), *_gitlab(root))]
    required = {name: needs for root in roots for name, needs in _circle(root)}
    return Parts(
        {
            part.name: replace(part, needs=part.needs or required.get(part.name, ()))
            for part in found
        }
    )


def _targets(text: str) -> Iterator[Part]:
    """The rules of a Makefile or Justfile, with the prerequisites as what they need."""
    heads = [
        found for found in _TARGET.finditer(text) if not found[0].startswith((".PHONY", ".DEFAULT"))
    ]
    lines = [text.count("\n", 0, found.start()) + 1 for found in heads]
    for found, first, following in zip(
        heads, lines, [*lines[1:], text.count("\n") + 2], strict=True
    ):
        needs = tuple(re.findall(r"[\w./-]+", found["needs"].replace("|", " ").replace("&&", " ")))
        for name in found["names"].split():
            yield Part(name, first, following - 1, needs)


def _names(tree: Tree | None) -> tuple[str, ...]:
    """`needs: a`, `needs: [a, b]`, `needs: [{job: a}]`."""
    if tree is None:
        return ()
    if tree.text is not None:
        return (tree.text,)
    return tuple(name for item in tree.items() if (name := item.text or item.string("job") or ""))


def _span(tree: Tree) -> tuple[int, int]:
    end = tree.spot
    return tree.line, max(tree.line, end.end_line - (end.end_column == 1))


def _is(tree: Tree, *names: str) -> bool:
    return any(
        (found := tree.get(name)) is not None and (found.boolean or found.dynamic or found.mapping)
        for name in names
    )


def _steps(tree: Tree | None) -> tuple[Step, ...]:
    items = list(tree.items()) if tree else []
    if tree is None or not items:
        return ()
    ends = [*(item.line - 1 for item in items[1:]), _span(tree)[1]]
    return tuple(_step(item, end) for item, end in zip(items, ends, strict=True))


def _step(item: Tree, last: int) -> Step:
    condition = item.string("if") or item.string("condition") or ""
    plain = re.sub(r"^\$\{\{\s*|\s*\}\}$", "", condition.strip())
    anyway = _anyway(condition) or item.string("run", "when") == "always"
    tolerant = _is(item, "continue-on-error", "continueOnError")
    return Step(item.line, max(item.line, last), anyway, tolerant, "" if plain in _PLAIN else plain)


def _anyway(condition: str) -> bool:
    """Whether a condition lets something run although what came before it failed."""
    return bool(_ANYWAY.search(condition)) and not _AFTER_SUCCESS.search(condition)


def _part(name: str, tree: Tree, needs: tuple[str, ...], steps: Tree | None) -> Part:
    condition = tree.string("if") or tree.string("condition") or tree.string("when") or ""
    manual = condition == "manual" and (
        tree.get("allow_failure") is None
    )  # GitLab waits for none of these
    tolerant = manual or _is(tree, "continue-on-error", "continueOnError", "allow_failure")
    return Part(name, *_span(tree), needs, _anyway(condition), tolerant, condition, _steps(steps))


def _github(root: Tree) -> Iterator[Part]:
    jobs = root.get("jobs")
    for name, job in jobs.pairs() if jobs else ():
        yield _part(name, job, _names(job.get("needs")), job.get("steps"))


def _composite(root: Tree) -> Iterator[Part]:
    """The steps of a composite action, as one part."""
    runs = root.get("runs")
    if runs and runs.get("steps"):
        yield _part("", runs, (), runs.get("steps"))


def _azure(root: Tree) -> Iterator[Part]:
    """Jobs of stages, which run one after the other unless they say otherwise; steps alone are one
    job."""
    if root.get("stages") is None and root.get("jobs") is None and root.get("steps") is not None:
        yield _part("", root, (), root.get("steps"))
    yield from _azure_jobs(root, ())
    stages, names = root.get("stages"), dict[str, tuple[str, ...]]()
    previous: tuple[str, ...] = ()
    for stage in stages.items() if stages else ():
        given = stage.get("dependsOn")
        needed = (
            tuple(job for name in _names(given) for job in names.get(name, ()))
            if given
            else previous
        )
        found = tuple(_azure_jobs(stage, needed))
        yield from found
        previous = tuple(part.name for part in found)
        names[stage.string("stage") or ""] = previous


def _azure_jobs(holder: Tree, needed: tuple[str, ...]) -> Iterator[Part]:
    jobs = holder.get("jobs")
    for job in jobs.items() if jobs else ():
        name = job.string("job") or job.string("deployment")
        steps = job.get("steps") or job.get("strategy", "runOnce", "deploy", "steps")
        if name:
            yield _part(name, job, (*_names(job.get("dependsOn")), *needed), steps)


def _tasks(root: Tree) -> Iterator[Part]:
    """The tasks of a Taskfile; `deps` and `task:` commands are done before or in them."""
    tasks = root.get("tasks")
    for name, task in tasks.pairs() if tasks else ():
        commands = task.get("cmds")
        called = (item.string("task") for item in (commands.items() if commands else ()))
        yield _part(
            name, task, (*_names(task.get("deps")), *(each for each in called if each)), None
        )


def _gitlab(root: Tree) -> Iterator[Part]:
    """Jobs are top-level keys; without `needs` a job waits for all of the earlier stages."""
    jobs = [
        (name, job)
        for name, job in root.pairs()
        if name not in _NOT_JOBS and job.get("script") is not None
    ]
    order = list(_names(root.get("stages"))) or ["build", "test", "deploy"]
    stage = {name: job.string("stage") or "test" for name, job in jobs}
    for name, job in jobs:
        needs = job.get("needs")
        rank = order.index(stage[name]) if stage[name] in order else 0
        earlier = tuple(other for other, _ in jobs if stage[other] in order[:rank])
        yield _part(name, job, _names(needs) if needs is not None else earlier, None)


def _circle(root: Tree) -> Iterator[tuple[str, tuple[str, ...]]]:
    workflows = root.get("workflows")
    for _, workflow in workflows.pairs() if workflows else ():
        jobs = workflow.get("jobs")
        for item in jobs.items() if jobs else ():
            for name, options in item.pairs():
                yield name, _names(options.get("requires"))
