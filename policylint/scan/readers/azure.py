"""Azure Pipelines: script steps, tasks that hold a script, and the HelmDeploy task."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping

from policylint.runtime.patterns import pattern
from policylint.scan.invocations.model import Job
from policylint.scan.invocations.reader import Reader, Reading
from policylint.scan.scripts.actions import Step, invocation, row_of
from policylint.scan.scripts.ci import minutes, resolve, script, variables
from policylint.scan.shells.syntax import prepare
from policylint.scan.texts.pipelines import failures, roots
from policylint.scan.texts.source import Source
from policylint.scan.texts.text import TAIL, Text, filled
from policylint.scan.texts.yaml import Tree
from policylint.scan.texts.yamlscalars import text_of

_MACRO = pattern(r"\$\(([A-Za-z_][\w.]*)\)|\$\[[^\]\n]*\]")
_COMMANDS = ("pwd", "date", "whoami", "hostname", "uname", "id", "nproc", "ls")
_SHELLS = {"script": "bash", "bash": "bash", "pwsh": "pwsh", "powershell": "pwsh"}
_SCRIPTS = ("script", "inlineScript", "inline", "bash", "command")


def _wants(source: Source) -> bool:
    text = source.text
    if (
        re.search(r"^[ \t]*(?:-[ \t]*)?task:\s*[\"']?\w+@\d", text, re.M)
        or "azure-pipelines" in source.name
    ):
        return True
    steps = re.search(r"^[ \t]*(?:- )?(?:script|bash|pwsh|powershell):", text, re.M)
    around = re.search(
        r"^[ \t]*(?:- )?(?:pool|vmImage|stages|stage|job|deployment|trigger|resources|parameters):",
        text,
        re.M,
    )
    return bool(steps and around and re.search(r"^[ \t]*(?:pool|vmImage|displayName):", text, re.M))


def _read(source: Source) -> Iterator[Reading]:
    yield from failures(source)
    for root in roots(source):
        yield from _walk(source, root, {}, None)


def _walk(source: Source, node: Tree, known: dict[str, Text], job: Job | None) -> Iterator[Reading]:
    for item in node.items():
        yield from _walk(source, item, known, job)
    if not node.mapping:
        return
    known = {**known, **variables(node.get("variables"))}
    job = _job(node) or job
    if node.get("task") is not None:
        yield from _task(source, node, known, job)
        return
    for name, language in _SHELLS.items():
        text = node.get(name)
        if text is not None and text.scalar:
            yield from _script(source, text, node, known, job, language)
            return
    for _, value in node.written():  # two `${{ if }}:` may look the same
        yield from _walk(source, value, known, job)


def _job(node: Tree) -> Job | None:
    name = node.get("job") or node.get("deployment")
    if name is None:
        return None
    limit, environment = node.value("timeoutInMinutes"), node.get("environment")
    if environment:
        place = environment.value("name") or environment.value()
    else:
        place = ""
    # 0 is the longest that the agent allows
    return Job(name.value(), minutes(limit) if limit and limit != "0" else None, None, None, place)


def _script(
    source: Source,
    text: Tree,
    step: Tree,
    known: dict[str, Text],
    job: Job | None,
    language: str,
) -> Iterator[Reading]:
    values = {**_exported(known), **variables(step.get("env"))}
    yield from script(source, _macros(text_of(text), known), values, job, language)


def _task(source: Source, node: Tree, known: dict[str, Text], job: Job | None) -> Iterator[Reading]:
    name, inputs = node.value("task"), node.get("inputs")
    row = row_of(name)
    if row is not None:
        fill = functools.partial(_macros, known=known)
        yield from invocation(Step(source, node, inputs, job, known, fill), row)
        return
    language = _language(name, inputs)
    for key, value in inputs.pairs() if inputs else ():
        if key in _SCRIPTS and value.scalar:
            yield from _script(source, value, node, known, job, language)


def _language(task: str, inputs: Tree | None) -> str:
    """The shell of a task, by its own name or its scriptType."""
    if inputs is not None:
        kind = inputs.value("scriptType")
    else:
        kind = ""
    if kind == "batch":
        return "cmd"
    if "power" in task.lower() or kind in ("ps", "pscore"):
        return "pwsh"
    return "bash"


def _macros(text: Text, known: Mapping[str, Text]) -> Text:
    """`$(Name)` is put in before a shell sees it; `$(pwd)` and what is no variable's name stays."""
    folded = {name.lower(): value for name, value in known.items()}
    text = prepare(resolve(text, _MACRO, lambda name: folded.get(name.lower()) if name else None))
    untold = (match.span() for match in _MACRO.finditer(text.text) if match[1] not in _COMMANDS)
    return filled(text, untold, TAIL)


def _exported(known: Mapping[str, Text]) -> dict[str, Text]:
    """The variables as a script finds them in its environment: in capitals, dots as underscores."""
    return {**known, **{name.upper().replace(".", "_"): value for name, value in known.items()}}


READER = Reader(_read, _wants)
