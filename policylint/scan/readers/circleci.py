"""CircleCI: run steps of jobs and commands, and the helm orb's steps."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policylint.scan.invocations.model import Job
from policylint.scan.invocations.reader import Reader, Reading
from policylint.scan.scripts.actions import Step, invocation, row_of
from policylint.scan.scripts.ci import script, variables
from policylint.scan.texts.pipelines import failures, roots
from policylint.scan.texts.source import Source
from policylint.scan.texts.text import Text
from policylint.scan.texts.yaml import Tree
from policylint.scan.texts.yamlscalars import text_of


def _wants(source: Source) -> bool:
    named = ".circleci" in source.path.parts
    return named or bool(
        re.search(r"^version:\s*[\"']?2(?:\.\d)?", source.text, re.M) and "steps:" in source.text
    )


def _read(source: Source) -> Iterator[Reading]:
    yield from failures(source)
    for root in roots(source):
        orbs = {
            name: value.value().partition("@")[0]
            for name, value in (root.get("orbs") or root).pairs()
        }
        for part in ("commands", "jobs"):
            section = root.get(part)
            for name, job in section.pairs() if section else ():
                known = variables(job.get("environment"))
                yield from _steps(source, job.get("steps"), known, Job(name), orbs)
        for name, job in root.pairs():
            if job.get("steps") is not None:  # an orb's own file: one command or job
                yield from _steps(source, job.get("steps"), {}, Job(name), orbs)
        yield from _steps(source, root.get("steps"), {}, None, orbs)


def _steps(
    source: Source,
    steps: Tree | None,
    known: dict[str, Text],
    job: Job | None,
    orbs: dict[str, str],
) -> Iterator[Reading]:
    for step in steps.items() if steps else ():
        for name, body in step.pairs():
            if name == "run":
                command = body if body.scalar else body.get("command")
                if command is not None:
                    values = {**known, **variables(body.get("environment"))}
                    yield from script(
                        source,
                        text_of(command),
                        values,
                        job,
                        body.value("shell").split("/")[-1] or "bash",
                    )
            elif name in ("when", "unless"):
                yield from _steps(source, body.get("steps"), known, job, orbs)
            else:
                yield from _orb(source, step, name, body, job, orbs)


def _orb(
    source: Source, step: Tree, name: str, body: Tree, job: Job | None, orbs: dict[str, str]
) -> Iterator[Reading]:
    alias, _, command = name.partition("/")
    orb = orbs.get(alias, alias)
    if re.search(r"(^|/)helm(-orb)?$", orb):
        row = row_of(f"helm/{command}")
    else:
        row = None
    if row is not None:
        yield from invocation(Step(source, step, body, job), row)
    for key, value in body.pairs():
        if key in ("command", "commands", "run", "script") and value.scalar:
            yield from script(source, text_of(value), {}, job)
        elif key in ("before_steps", "after_steps", "pre-steps", "post-steps", "steps"):
            yield from _steps(source, value, {}, job, orbs)


READER = Reader(_read, _wants)
