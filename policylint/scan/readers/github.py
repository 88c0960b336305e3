"""GitHub Actions (and Gitea's, Forgejo's): the steps of workflows and of composite actions."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from msgspec.structs import replace

from policylint.runtime.patterns import pattern
from policylint.scan.invocations.model import Job
from policylint.scan.invocations.reader import Reader, Reading
from policylint.scan.scripts.actions import Step, invocation, row_of
from policylint.scan.scripts.ci import (
    makes_cluster,
    minutes,
    resolve,
    script,
    variables,
    words,
)
from policylint.scan.scripts.keys import nested
from policylint.scan.shells.syntax import prepare
from policylint.scan.texts.pipelines import failures, roots
from policylint.scan.texts.source import Source
from policylint.scan.texts.text import Text
from policylint.scan.texts.yaml import Tree
from policylint.scan.texts.yamlscalars import text_of

_ENV = pattern(r"\$\{\{\s*env\.(\w+)\s*\}\}")
_SCRIPT = pattern(r"(?:^|[-_])(?:run|exec)$|^run[-_]|(?:script|commands?|cmds?)$", re.IGNORECASE)
_HELM_IMAGE = pattern(r"docker://\S*helm\S*$")


def _wants(source: Source) -> bool:
    text = source.text
    workflow = re.search(r"^jobs:", text, re.M) and re.search(r"\bruns-on:|\bsteps:|\buses:", text)
    composite = re.search(r"^runs:", text, re.M) and "using:" in text
    return bool((workflow and "version: 2" not in text[:200]) or composite)


def _read(source: Source) -> Iterator[Reading]:
    yield from failures(source)
    for root in roots(source):
        jobs = root.get("jobs")
        for name, job in jobs.pairs() if jobs else ():
            yield from _job(source, root, name, job)
        runs = root.get("runs")
        if runs:
            yield from _steps(source, runs, {}, None, "bash")


def _job(source: Source, root: Tree, name: str, job: Tree) -> Iterator[Reading]:
    about = _about(root, name, job)
    known = variables(root.get("env"), job.get("env"))
    shell = job.value("defaults", "run", "shell") or root.value("defaults", "run", "shell")
    if not shell:
        if "windows" in job.value("runs-on"):
            shell = "pwsh"
        else:
            shell = "bash"
    yield from _steps(source, job, known, about, shell)


def _about(root: Tree, name: str, job: Tree) -> Job:
    group = job.get("concurrency") or root.get("concurrency")
    cancel = group.value("cancel-in-progress") if group else ""
    environment = job.get("environment")
    return Job(
        name,
        minutes(job.value("timeout-minutes")),
        (group.value("group") or group.value()) if group else None,
        {"true": True, "false": False}.get(cancel) if group else None,
        (environment.value("name") or environment.value()) if environment else "",
        own_cluster=makes_cluster(_done(job)),
    )


def _done(job: Tree) -> Iterator[str]:
    """The actions and scripts of a job's steps."""
    steps = job.get("steps")
    for step in steps.items() if steps else ():
        yield step.value("uses")
        yield step.value("run")


def _steps(
    source: Source, parent: Tree, known: dict[str, Text], about: Job | None, shell: str
) -> Iterator[Reading]:
    yield from _every_step(source, parent.get("steps"), known, about, shell)


def _every_step(
    source: Source, steps: Tree | None, known: dict[str, Text], about: Job | None, shell: str
) -> Iterator[Reading]:
    for step in steps.items() if steps else ():
        values = {**known, **variables(step.get("env"))}
        job = _within(step, about)
        run = step.get("run")
        if run is not None:
            text = resolve(text_of(run), _ENV, values.get)
            yield from script(source, text, values, job, step.value("shell") or shell)
        elif step.value("uses"):
            yield from _used(source, step, values, job)
        elif step.get("parallel") is not None:
            yield from _every_step(source, step.get("parallel"), values, job, shell)


def _within(step: Tree, job: Job | None) -> Job | None:
    """The job with the limit of one of its steps, where that is the nearer one."""
    limit = minutes(step.value("timeout-minutes"))
    if job is None or limit is None:
        return job
    return replace(job, timeout=min(limit, job.timeout or limit))


def _used(source: Source, step: Tree, known: dict[str, Text], job: Job | None) -> Iterator[Reading]:
    uses = step.value("uses")
    inputs = step.get("with")
    row = row_of(uses.partition("@")[0])
    if row is not None:
        fill = functools.partial(_filled, known=known)
        yield from invocation(Step(source, step, inputs, job, known, fill), row)
    elif _HELM_IMAGE.match(uses) and inputs is not None:
        arguments = inputs.get("args")
        named = step.get("uses")
        if arguments is not None and named is not None:
            if inputs.value("entrypoint") == "":
                program = text_of(named)
            else:
                program = text_of(inputs.get("entrypoint") or named)
            helm = Text("helm", (program.start,) * 4, "....")
            if re.match(r"\s*helm\b|-c\b", text_of(arguments).text):
                text = text_of(arguments)
            else:
                text = helm + Text.of(" ") + text_of(arguments)
            yield from script(source, text, known, job)
    elif inputs is not None:
        yield from _texts(source, inputs, known, job)


def _filled(text: Text, known: dict[str, Text]) -> Text:
    return prepare(resolve(text, _ENV, known.get))


def _texts(
    source: Source, inputs: Tree, known: dict[str, Text], job: Job | None
) -> Iterator[Reading]:
    """Inputs of any action that hold a script (`run`, `script`, `inlineScript`, `command`)."""
    for name, value in inputs.pairs():
        if _SCRIPT.search(name):
            yield from script(source, text_of(value) if value.scalar else words(()), known, job)
        elif value.scalar and "helm" in value.value():
            yield from nested(source, value)


READER = Reader(_read, _wants)
