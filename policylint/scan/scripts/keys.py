"""Commands in any other YAML: Bitbucket, Drone, Tekton, Travis, build specs, Ansible's shell tasks,
container specs.

A CI of its own kind needs no reader here as long as its commands stand under a key that says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from policylint.runtime.patterns import pattern
from policylint.scan.invocations.commands import listed
from policylint.scan.invocations.reader import Reading
from policylint.scan.scripts.actions import Step, invocation, row_of
from policylint.scan.scripts.ci import lines, resolve, script, words
from policylint.scan.shells.env import Env
from policylint.scan.texts.pipelines import walk, within
from policylint.scan.texts.source import Source
from policylint.scan.texts.text import Text, joined
from policylint.scan.texts.yaml import Tree
from policylint.scan.texts.yamlscalars import text_of

_SCRIPTS = (
    "script",
    "scripts",
    "before_script",
    "after_script",
    "after-script",
    "before_install",
    "before_deploy",
    "after_deploy",
    "after_success",
    "install",
    "commands",
    "command",
    "cmd",
    "cmds",
    "run",
    "run_script",
    "bash",
    "shell",
    "sh",
    "exec",
    "entry",
    "defer",
    "deploy",
    "destroy",
    "source",
    "preconditions",
    "status",
    "ansible.builtin.shell",
    "ansible.builtin.command",
    "ansible.legacy.shell",
    "ansible.legacy.command",
    "raw",
    "ansible.builtin.raw",
    "argv",
    "inlineScript",
)
_FACTS = ("set_fact", "ansible.builtin.set_fact", "vars")
_ARGV = ("entrypoint", "command", "args")
_KUBERNETES = pattern(r"\$\(\w[\w.-]*\)")
_IMAGE = pattern(r"(?:^|/)[\w.-]*helm[\w.-]*(?::[^\s/]+)?(?:@sha256:\w+)?$")
MENTION = pattern(
    r"(?<![\w.-])\$?[({]{0,8}helm(?:file|[234])?(?![\w-])|helm[\w-]*:[\w.]|drone-helm|-helm\b",
    re.IGNORECASE,
)
_SHEBANG = pattern(r"#!\s*/\S*\b(?:ba|z|k|a|da)?sh\b|#!/usr/bin/env (?:ba|z)?sh\b")
_WHOLE = pattern(r"\s*(?:sudo\s+)?helm(?:file)?\s+\S")


def commands(source: Source, node: Tree, known: dict[str, Text]) -> Iterator[Reading]:
    """The invocations of one mapping: a step, a container, a task, a build specification."""
    keys = dict(node.pairs())
    image = node.value("image") or node.value("name")
    action = _action(keys, image)
    if action is not None:
        settings = keys.get("settings") or node
        yield from invocation(Step(source, node, settings, None, known), action)
        return
    is_argv = _is_argv(keys)
    if is_argv:
        yield from _container(source, keys, known, image)
    elif {"image", "command"} <= keys.keys():
        yield from _container_command(source, keys, known, image)
    for name, value in keys.items():
        if name in _SCRIPTS and not (is_argv and name in _ARGV):
            yield from _script(source, name, value, known)
        else:
            yield from _key(source, name, value, known)


def _action(keys: dict[str, Tree], image: str) -> Mapping[str, Any] | None:
    """The row of the action that a step of Drone runs: its image is the action's."""
    if not image or not ("settings" in keys or "image" in keys):
        return None
    row = row_of(image)
    if row is not None and row["tool"] == "drone":
        return row
    return None


def _key(source: Source, name: str, value: Tree, known: dict[str, Text]) -> Iterator[Reading]:
    """The invocations under a key that names no script: a script by its first line, YAML in a text,
    facts."""
    if name.endswith((".sh", ".bash")) or (value.scalar and _SHEBANG.match(value.value())):
        yield from script(source, text_of(value), known)
    elif value.scalar and MENTION.search(value.value()):
        yield from nested(source, value)
    elif name in _FACTS:
        yield from _facts(source, value, known)


def _facts(source: Source, facts: Tree, known: dict[str, Text]) -> Iterator[Reading]:
    """Facts that are whole commands; a task runs them later."""
    for _, fact in facts.pairs():
        if fact.scalar and _WHOLE.match(text_of(fact).text):
            yield from script(source, _task_vars(text_of(fact), known), known)


def _container_command(
    source: Source, keys: dict[str, Tree], known: dict[str, Text], image: str
) -> Iterator[Reading]:
    """The command of a container, as one text, whose image has helm as its entry point."""
    if keys["command"].scalar and _IMAGE.search(image):
        command = text_of(keys["command"])
        if "helm" not in command.text:
            command = _program(keys["image"]) + command
        yield from script(source, command, known)


def nested(source: Source, value: Tree) -> Iterator[Reading]:
    """The commands of the YAML that a text holds: a plugin's configuration, a build
    specification."""
    for root in within(value):
        for node in walk(root):
            if node.mapping:
                yield from commands(source, node, {})


def _is_argv(keys: dict[str, Tree]) -> bool:
    """Whether a container's command is a list of words, and not of whole commands."""
    lists = [list(keys[name].items()) for name in _ARGV if name in keys]
    words = [item for items in lists for item in items]
    if not words or any(not word.scalar for word in words):
        return False
    return not _WHOLE.match(words[0].value())


def _container(
    source: Source, keys: dict[str, Tree], known: dict[str, Text], image: str
) -> Iterator[Reading]:
    """A container's command and arguments as words; an image whose entry point is helm is the helm
    word."""
    arguments = list(_argv(keys))
    if not any("helm" in argument.text for argument in arguments):
        named = keys.get("image") or keys.get("name")
        has_program = "command" in keys or "entrypoint" in keys
        if has_program or named is None or not _IMAGE.search(image):
            return
        arguments = [_program(named).slice(0, 4), *arguments]
    yield from listed(source, words(arguments), Env(dict(known)))


def _argv(keys: dict[str, Tree]) -> Iterator[Text]:
    """The words of a container's command and arguments, in the order in which they run."""
    for name in _ARGV:
        if name in keys:
            node = keys[name]
            for item in [node] if node.scalar else node.items():
                yield _macros(text_of(item))


def _program(image: Tree) -> Text:
    """The helm word that an image with helm as its entry point stands for."""
    return Text("helm ", (text_of(image).start,) * 5, ".....")


def _macros(text: Text) -> Text:
    for match in _KUBERNETES.finditer(text.text):
        text = text.put(match.start(), match.end(), "\ue001")
    return text


def _script(source: Source, name: str, value: Tree, known: dict[str, Text]) -> Iterator[Reading]:
    """A text, a list of texts (one shell session), or mappings that hold one (`cmd:`,
    `command:`)."""
    if name == "argv":
        yield from listed(source, words(text_of(item) for item in value.items()), Env(dict(known)))
        return
    texts = [item for item in value.items() if item.scalar or list(item.items())]
    if value.scalar:
        yield from script(source, _task_vars(text_of(value), known), known)
    elif texts:
        whole = joined((lines(item) for item in texts), "\n")
        yield from script(source, _task_vars(whole, known), known)


_TASK = pattern(r"\{\{\s*\.?(\w+)\s*\}\}")


def _task_vars(text: Text, known: dict[str, Text]) -> Text:
    """`{{.NAME}}` and `{{ name }}` of Taskfiles and Ansible."""
    return resolve(text, _TASK, known.get)
