"""The parts of a file that run on their own: jobs of a CI file with their steps, targets of a
Makefile or Justfile."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping

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
    r"^@?(?P<names>[\w./-][\w./%-]*+(?=[ \t:])(?:[ \t]++[\w./%-]++(?=[ \t:]))*+)"
    r"(?:[ \t]++[^\n:]*+)?::?(?!=)"
    r"(?P<needs>[^=\n#;]*)(?:[#;][^\n]*)?$",
    re.MULTILINE,
)
_ANYWAY = pattern(
    r"always\(\)|failure\(\)|failed\(\)|succeededOrFailed\(\)|!\s*cancelled\(\)|\balways\b|on_failure"
)
_AFTER_SUCCESS = pattern(r"!\s*failure\(\)|result\s*==\s*'success'|\bsucceeded\('")
_THOUGH_SKIPPED = pattern(r"always\(\)|failure\(\)|cancelled\(\)")
"""By which of its words a job of GitHub runs though one that it needs was left out."""
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


class Setting(Struct, frozen=True):
    """What a file says in so many words, and on which line."""

    words: str
    line: int


_MOST_STAGES = 100


class Step(Struct, frozen=True):
    """One step of a job, by its lines. `anyway`: it runs though what came before it failed;
    `tolerant`: it may fail."""

    first: int
    last: int
    anyway: bool = False
    tolerant: bool = False
    condition: str = ""
    tolerated: Setting | None = None
    """The setting that says in plain words that it may fail; None where none does."""
    directory: str = ""
    """Where it runs, "" where it says nothing of that."""


class Part(Struct, frozen=True):
    """A job or a target: the lines it takes, and the parts that are done before it.

    `anyway`: it runs though one of these failed; `though_skipped`: though one was left out.
    """

    name: str
    first: int
    last: int
    needs: tuple[str, ...] = ()
    anyway: bool = False
    tolerant: bool = False
    condition: str = ""
    steps: tuple[Step, ...] = ()
    tolerated: Setting | None = None
    """The setting that says in plain words that it may fail; None where none does."""
    rules: tuple[str, ...] = ()
    """The conditions under which GitLab has it in a pipeline at all, "rules $CI_COMMIT_TAG": no
    other job waits for one that is left out; () for every pipeline."""
    directory: str = ""
    """Where its steps run that say nothing of that; "" for the top."""
    though_skipped: bool = False
    matrix: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The values that a matrix of GitHub gives a name, where all are written there."""

    def condition_at(self, line: int) -> str:
        """Under which condition a line of it runs; "" for every run."""
        step = self.step(line)
        if step is not None and step.condition:
            return step.condition
        return _plainly(self.condition)

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
            needed = self.by_name.get(name)
            if needed is None or name in seen:
                continue
            seen.add(name)
            yield needed, anyway
            todo += [(deeper, anyway or needed.anyway) for deeper in needed.needs]


@functools.lru_cache(maxsize=16)
def parts_of(source: Source) -> Parts:
    """The parts of a file, by its name."""
    if MAKE.search(source.file):
        return Parts({part.name: part for part in _targets(source.text)})
    if not source.file.endswith((".yaml", ".yml")):
        return Parts()
    parts: dict[str, Part] = {}
    required: dict[str, tuple[str, ...]] = {}
    for root in documents(source.text, source.file):
        if isinstance(root, Tree):
            parts |= {part.name: part for part in _of_document(root, source.file)}
            required |= _circle(root)
    if not CI.search(source.file):
        return Parts(parts)
    return Parts({name: _requiring(part, required) for name, part in parts.items()})


def _of_document(root: Tree, file: str) -> Iterator[Part]:
    if TASKS.search(file):
        yield from _tasks(root)
    elif not CI.search(file):
        yield from _composite(root)
    else:
        for system in (_github, _azure, _gitlab):
            yield from system(root)


def _requiring(part: Part, required: Mapping[str, tuple[str, ...]]) -> Part:
    """The part with what CircleCI's workflows require for it."""
    return replace(part, needs=part.needs or required.get(part.name, ()))


def _targets(text: str) -> Iterator[Part]:
    """The rules of a Makefile or Justfile, with the prerequisites as what they need."""
    heads = [
        head for head in _TARGET.finditer(text) if not head[0].startswith((".PHONY", ".DEFAULT"))
    ]
    lines = [text.count("\n", 0, head.start()) + 1 for head in heads]
    ends = [*lines[1:], text.count("\n") + 2]
    for head, first, following in zip(heads, lines, ends, strict=True):
        needs = tuple(re.findall(r"[\w./-]+", head["needs"].replace("|", " ").replace("&&", " ")))
        for name in head["names"].split():
            yield Part(name, first, following - 1, needs)


def _names(tree: Tree | None) -> tuple[str, ...]:
    """`needs: a`, `needs: [a, b]`, `needs: [{job: a}]`."""
    if tree is None:
        return ()
    if tree.text is not None:
        return (tree.text,)
    return tuple(name for item in tree.items() if (name := item.text or item.string("job") or ""))


def _span(tree: Tree) -> tuple[int, int]:
    end = tree.place
    return tree.line, max(tree.line, end.end_line - (end.end_column == 1))


def _is(tree: Tree, *names: str) -> bool:
    """Whether one of these settings is on, or may be."""
    for name in names:
        setting = tree.get(name)
        if setting is not None and (setting.boolean or setting.dynamic or setting.mapping):
            return True
    return False


def _switched_on(tree: Tree, *names: str) -> Setting | None:
    """The first of these settings that is on, whatever a variable says."""
    for name in names:
        setting = tree.get(name)
        if setting is not None and setting.boolean and not setting.dynamic:
            return Setting(f"{name}: {setting.text}", setting.line)
    return None


def _steps(tree: Tree | None) -> tuple[Step, ...]:
    items = list(tree.items()) if tree else []
    if tree is None or not items:
        return ()
    ends = [*(item.line - 1 for item in items[1:]), _span(tree)[1]]
    return tuple(_step(item, end) for item, end in zip(items, ends, strict=True))


def _step(item: Tree, last: int) -> Step:
    condition = item.string("if") or item.string("condition") or ""
    anyway = _anyway(condition) or item.string("run", "when") == "always"
    tolerant = _is(item, "continue-on-error", "continueOnError")
    return Step(
        item.line,
        max(item.line, last),
        anyway,
        tolerant,
        _plainly(condition),
        _switched_on(item, "continue-on-error", "continueOnError"),
        _directory(item),
    )


def _plainly(condition: str) -> str:
    """A condition without the marks of an expression, "" for that nothing failed before."""
    plain = re.sub(r"^\$\{\{\s*+|(?:(?<!\s)\s++)?\}\}$", "", condition.strip())
    if plain in _PLAIN:
        return ""
    return plain


def _directory(tree: Tree) -> str:
    """Where a step runs by its own words, a job or a workflow by those of its defaults."""
    names = ("working-directory", "workingDirectory", "working_directory")
    holders = (tree, tree.get("run"), tree.get("defaults", "run"))
    directories = (holder.string(name) for holder in holders if holder for name in names)
    return next(filter(None, directories), "")


def _anyway(condition: str) -> bool:
    """Whether a condition lets something run although what came before it failed."""
    return bool(_ANYWAY.search(condition)) and not _AFTER_SUCCESS.search(condition)


def _part(name: str, tree: Tree, needs: tuple[str, ...], steps: Tree | None) -> Part:
    condition = tree.string("if") or tree.string("condition") or tree.string("when") or ""
    manual = condition == "manual" and (
        tree.get("allow_failure") is None
    )  # GitLab waits for none of these
    settings = ("continue-on-error", "continueOnError", "allow_failure")
    return Part(
        name,
        *_span(tree),
        needs,
        _anyway(condition),
        manual or _is(tree, *settings),
        condition,
        _steps(steps),
        None if condition == "manual" else _switched_on(tree, *settings),
        directory=_directory(tree),
        though_skipped=bool(_THOUGH_SKIPPED.search(condition)),
    )


def _github(root: Tree) -> Iterator[Part]:
    jobs = root.get("jobs")
    for name, job in jobs.pairs() if jobs else ():
        part = _part(name, job, _names(job.get("needs")), job.get("steps"))
        directory = part.directory or _directory(root)
        yield replace(part, directory=directory, matrix=_matrix(job.get("strategy", "matrix")))


def _matrix(tree: Tree | None) -> dict[str, tuple[str, ...]]:
    """The values of each name of a matrix, but for those that an expression makes."""
    values: dict[str, list[str | None]] = {}
    for name, listed in tree.pairs() if tree else ():
        for item in listed.items():
            if name == "include":
                for key, value in item.pairs():
                    values.setdefault(key, []).append(_written(value))
            else:
                values.setdefault(name, []).append(_written(item))
    return {name: tuple(filter(None, texts)) for name, texts in values.items() if all(texts)}


def _written(value: Tree) -> str | None:
    if value.dynamic:
        return None
    return value.text


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
    names: dict[str, tuple[str, ...]] = {}
    previous: tuple[str, ...] = ()
    stages = root.get("stages")
    for stage in stages.items() if stages else ():
        depends = stage.get("dependsOn")
        if depends:
            needed = _jobs_of(names, _names(depends))
        else:
            needed = previous
        jobs = tuple(_azure_jobs(stage, needed))
        yield from jobs
        previous = tuple(job.name for job in jobs)
        names[stage.string("stage") or ""] = previous


def _jobs_of(stages: Mapping[str, tuple[str, ...]], names: Iterable[str]) -> tuple[str, ...]:
    """The jobs of the stages of these names."""
    return tuple(job for name in names for job in stages.get(name, ()))


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
        called = [item.string("task") or "" for item in (commands.items() if commands else ())]
        yield _part(name, task, (*_names(task.get("deps")), *filter(None, called)), None)


def _gitlab(root: Tree) -> Iterator[Part]:
    """Jobs are top-level keys; without `needs` a job waits for all of the earlier stages."""
    order = list(_names(root.get("stages"))) or ["build", "test", "deploy"]
    jobs = dict(_gitlab_jobs(root))
    ranks = {name: _rank(job, order) for name, job in jobs.items()}
    earlier = _of_earlier_stages(ranks)
    for name, job in jobs.items():
        if job.get("needs") is not None:
            needs = _names(job.get("needs"))
        else:
            needs = earlier[ranks[name]]
        part = _part(name, job, needs, None)
        is_optional = _starts(job, "manual") and _is_optional(job)
        yield replace(part, rules=_rules(job), tolerant=part.tolerant or is_optional)


def _starts(job: Tree, *when: str) -> bool:
    """Whether all rules of a job start it in one of these ways alone."""
    rules = job.get("rules")
    ways = [rule.string("when") for rule in (rules.items() if rules else ())]
    return bool(ways) and set(ways).issubset({*when, "never"})


def _is_optional(job: Tree) -> bool:
    rules = job.get("rules")
    return any(_is(rule, "allow_failure") for rule in (rules.items() if rules else ()))


def _rules(job: Tree) -> tuple[str, ...]:
    """The conditions of `rules:` and `only:`; none where one of them does not look at the
    pipeline, as `changes:`."""
    for name, tree in (("rules", job.get("rules")), ("only", job.get("only", "refs"))):
        listed = tree or job.get(name)
        texts = [item.text or item.string("if") for item in listed.items()] if listed else []
        if texts and all(texts):
            return tuple(f"{name} {text}" for text in texts)
    return ()


def _of_earlier_stages(ranks: Mapping[str, int]) -> dict[int, tuple[str, ...]]:
    """The jobs of all stages before each; of more stages than anybody has, those of the last one
    before it, which wait for the others."""
    stages = sorted({rank for rank in ranks.values() if rank > -1})
    earlier: dict[int, tuple[str, ...]] = {-1: ()}
    if len(stages) > _MOST_STAGES:
        by_stage: dict[int, list[str]] = {}
        for name, rank in ranks.items():
            by_stage.setdefault(rank, []).append(name)
        before: tuple[str, ...] = ()
        for stage in stages:
            earlier[stage], before = before, tuple(by_stage[stage])
        return earlier
    for stage in stages:
        earlier[stage] = tuple(name for name, rank in ranks.items() if -1 < rank < stage)
    return earlier


def _gitlab_jobs(root: Tree) -> Iterator[tuple[str, Tree]]:
    for name, job in root.pairs():
        if name in _NOT_JOBS or job.get("script") is None:
            continue
        if not _starts(job, "never"):
            yield name, job


def _rank(job: Tree, order: list[str]) -> int:
    """The place of a job's stage in the order of stages; -1 for a stage that is not in it."""
    stage = job.string("stage") or "test"
    if stage in order:
        return order.index(stage)
    return -1


def _circle(root: Tree) -> Iterator[tuple[str, tuple[str, ...]]]:
    workflows = root.get("workflows")
    for _, workflow in workflows.pairs() if workflows else ():
        jobs = workflow.get("jobs")
        for item in jobs.items() if jobs else ():
            for name, options in item.pairs():
                yield name, _names(options.get("requires"))
