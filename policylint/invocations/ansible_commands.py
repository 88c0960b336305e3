"""helm in the shell and command tasks of Ansible, also where a task before it has put the command together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from policylint.invocations.ci import is_yaml, mentions, script, words
from policylint.invocations.source import Found, Reader, Source
from policylint.invocations.text import EMPTY, Text
from policylint.invocations.yamlnodes import Yaml, roots

_HOMES = ("", "ansible.builtin.", "ansible.legacy.", "ansible.windows.")
_SHELLS = tuple(home + name for home in _HOMES for name in ("shell", "command", "raw", "expect"))
_WINDOWS = tuple(home + name for home in _HOMES for name in ("win_shell", "win_command"))
_FACTS = tuple(home + "set_fact" for home in _HOMES)
_CALL = re.compile(
    r"^\s*(?:- )?[\"']?(?:ansible\.\w+\.)?(?:shell|command|raw|expect|win_shell|win_command)[\"']?\s*:", re.M
)
_VARIABLE = re.compile(r"\{\{-?\s*(\w+)\s*-?\}\}")


def _wants(source: Source) -> bool:
    return is_yaml(source) and mentions(source) and bool(_CALL.search(source.text))


def _read(source: Source) -> Iterator[Found]:
    """A playbook and a file of tasks are lists; other YAML with such keys is something else."""
    for root in roots(source):
        tasks = [task for item in root.items() for task in _tasks(item)]
        facts: dict[str, Text] = {}
        for task in tasks:
            facts |= _facts(task)
            yield from _task(source, task, facts)


def _tasks(item: Yaml) -> Iterator[Yaml]:
    """The item and all that its blocks, task lists and handlers hold, in order."""
    yield item
    for _, inner in item.pairs():
        for below in inner.items():
            yield from _tasks(below)


def _facts(task: Yaml) -> dict[str, Text]:
    given = [node for key in (*_FACTS, "vars") if (node := task.get(key)) is not None]
    return {name: value.text() for node in given for name, value in node.pairs() if value.scalar}


def _task(source: Source, task: Yaml, facts: Mapping[str, Text]) -> Iterator[Found]:
    for names, language in ((_SHELLS, "bash"), (_WINDOWS, "powershell")):
        for name in names:
            node = task.get(name)
            if node is not None:
                yield from script(source, _filled(_command(node), facts), {}, None, language)


def _command(node: Yaml) -> Text:
    """The command of `shell: text`, `command: {cmd: text}` or `command: {argv: [...]}`."""
    if node.scalar:
        return node.text()
    given, listed = node.get("cmd"), node.get("argv")
    if given is not None:
        return given.text()
    return words(item.text() for item in listed.items()) if listed is not None else EMPTY


def _filled(text: Text, facts: Mapping[str, Text]) -> Text:
    """The command with the commands that earlier tasks put together in their places."""
    for match in reversed(list(_VARIABLE.finditer(text.text))):
        fact = facts.get(match[1])
        if fact is not None and "helm" in fact.text:
            text = text.splice(match.start(), match.end(), fact)
    return text


READER = Reader("ansible-commands", _wants, _read)
