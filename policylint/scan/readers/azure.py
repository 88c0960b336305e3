"""Azure Pipelines: script steps, tasks that hold a script, and the HelmDeploy task."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping

from policylint.runtime.patterns import pattern
from policylint.scan.invocations.model import Job
from policylint.scan.invocations.reader import Found, Reader
from policylint.scan.scripts.actions import Step, invocation, row_of
from policylint.scan.scripts.ci import minutes, resolve, script, variables
from policylint.scan.shells.syntax import prepare
from policylint.scan.texts.source import Source
from policylint.scan.texts.text import TAIL, Text, filled
from policylint.scan.texts.yaml import Tree, failures, roots
from policylint.scan.texts.yamlscalars import text_of

_MACRO = pattern(r"\$\(([A-Za-z_][\w.]*)\)|\$\[[^\]\n]*\]")
_COMMANDS = ("pwd", "date", "whoami", "hostname", "uname", "id", "nproc", "ls")
_SHELLS = {"script": "bash", "bash": "bash", "pwsh": "pwsh", "powershell": "pwsh"}
_SCRIPTS = ("script", "inlineScript", "inline", "bash", "command")


def _wants(source: Source) -> bool:
    text = source.text
    if re.search(r"^\s*-?\s*task:\s*[\"']?\w+@\d", text, re.M) or "azure-pipelines" in source.name:
        return True
    steps = re.search(r"^\s*(?:- )?(?:script|bash|pwsh|powershell):", text, re.M)
    around = re.search(
        r"^\s*(?:- )?(?:pool|vmImage|stages|stage|job|deployment|trigger|resources|parameters):",
        text,
        re.M,
    )
    return bool(steps and around and re.search(r"^\s*(?:pool|vmImage|displayName):", text, re.M))


def _read(source: Source) -> Iterator[Found]:
    yield from failures(source)
    for root in roots(source):
        yield from _walk(source, root, {}, None)


def _walk(source: Source, node: Tree, known: dict[str, Text], job: Job | None) -> Iterator[Found]:
    for item in node.items():
        yield from _walk(source, item, known, job)
    if not node.mapping:
        return
    keys = dict(node.pairs())
    known = {**known, **variables(keys.get("variables"))}
    if "job" in keys or "deployment" in keys:
        limit, environment = node.value("timeoutInMinutes"), keys.get("environment")
        name = node.value("job") or node.value("deployment")
        place = (environment.value("name") or environment.value()) if environment else ""
        job = Job(name, minutes(limit) if limit and limit != "0" else None, None, None, place)
    if "task" in keys:
        yield from _task(source, node, known, job)
        return
    for name, language in _SHELLS.items():
        if name in keys and keys[name].scalar:
            values = {**_exported(known), **variables(keys.get("env"))}
            yield from script(source, _macros(text_of(keys[name]), known), values, job, language)
            return
    for _, value in node.written():  # two `${{ if }}:` may look the same
        yield from _walk(source, value, known, job)


def _task(source: Source, node: Tree, known: dict[str, Text], job: Job | None) -> Iterator[Found]:
    name, inputs = node.value("task"), node.get("inputs")
    row = row_of(name)
    if row is not None:
        fill = functools.partial(_macros, known=known)
        yield from invocation(Step(source, node, inputs, job, known, fill), row)
        return
    language = (
        "pwsh"
        if "power" in name.lower() or (inputs and inputs.value("scriptType") in ("ps", "pscore"))
        else "bash"
    )
    if inputs is not None and inputs.value("scriptType") == "batch":
        language = "cmd"
    for key, value in inputs.pairs() if inputs else ():
        if key in _SCRIPTS and value.scalar:
            values = {**_exported(known), **variables(node.get("env"))}
            yield from script(source, _macros(text_of(value), known), values, job, language)


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
