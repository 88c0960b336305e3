"""GitLab CI: before_script, script and after_script of jobs, with extends, defaults, anchors and
!reference."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from policylint.scan.invocations.model import Job
from policylint.scan.invocations.reader import Reader, Reading
from policylint.scan.scripts.ci import (
    lines,
    makes_cluster,
    minutes,
    script,
    variables,
)
from policylint.scan.texts.pipelines import failures, roots
from policylint.scan.texts.source import Source
from policylint.scan.texts.text import Text, joined
from policylint.scan.texts.yaml import Tree

Keys = Mapping[str, Tree]
"""A file's jobs and settings by name."""
_PARTS = ("before_script", "script", "after_script")
_DEPTH = 10


def _wants(source: Source) -> bool:
    if "gitlab-ci" in source.name or ".gitlab" in source.path.parts:
        return True
    keyed = re.search(r"^ +(?:before_|after_)?script:", source.text, re.M)
    return bool(
        keyed
        and re.search(
            r"^(?:stages|include|variables|image|default):|^ +(?:stage|extends|rules):",
            source.text,
            re.M,
        )
    )


def _read(source: Source) -> Iterator[Reading]:
    yield from failures(source)
    for root in roots(source):
        keys = dict(root.pairs())
        for name, job in root.pairs():
            if job.mapping and any(job.get(part) is not None for part in _PARTS):
                yield from _job(source, keys, name, job)
        for part in _PARTS:
            yield from script(
                source, _lines(keys, keys.get(part)), variables(keys.get("variables"))
            )


def _job(source: Source, root: Keys, name: str, job: Tree) -> Iterator[Reading]:
    layers = list(_layers(root, job))
    known = variables(
        root.get("variables"), *(layer.get("variables") for layer in reversed(layers))
    )
    about = _about(name, layers)
    default = root.get("default")
    shared = (default.get("before_script") if default else None) or root.get("before_script")
    whole = [
        _lines(root, script_node)
        for script_node in (_setting(layers, "before_script") or shared, _setting(layers, "script"))
    ]
    yield from script(source, joined(whole, "\n"), known, about)
    yield from script(source, _lines(root, _setting(layers, "after_script")), known, about)


def _layers(root: Keys, job: Tree, depth: int = 0, seen: set[str] | None = None) -> Iterator[Tree]:
    """The job and what it extends, the nearest first and each once."""
    seen = set() if seen is None else seen
    yield job
    extends = job.get("extends")
    if extends and extends.scalar:
        names = [extends.value()]
    else:
        names = []
    names += [item.value() for item in extends.items()] if extends else []
    for name in reversed(names):
        parent = root.get(name)
        if parent is not None and depth < _DEPTH and name not in seen:
            seen.add(name)
            yield from _layers(root, parent, depth + 1, seen)


def _setting(layers: list[Tree], key: str) -> Tree | None:
    return next((value for layer in layers if (value := layer.get(key)) is not None), None)


def _about(name: str, layers: list[Tree]) -> Job:
    def setting(*path: str) -> str:
        return next((text for layer in layers if (text := layer.value(*path))), "")

    group = setting("resource_group")
    interruptible = {"true": True, "false": False}.get(setting("interruptible"))
    environment = setting("environment", "name") or setting("environment")
    return Job(
        name,
        minutes(setting("timeout")) if setting("timeout") else None,
        group or None,
        interruptible,
        environment,
        setting("stage"),
        makes_cluster(
            lines(layer.get(key)).text for layer in layers for key in ("before_script", "script")
        ),
    )


def _lines(root: Keys, node: Tree | None, depth: int = 0) -> Text:
    """The lines of a script, `!reference [job, key]` followed."""
    if node is None or depth > _DEPTH:
        return Text.of("")
    if node.tag == "!reference":
        first, *path = [item.value() for item in node.items()] or [""]
        target = root.get(first)
        return _lines(root, target.get(*path) if target and path else target, depth + 1)
    if node.scalar:
        return lines(node)
    return joined((_lines(root, item, depth + 1) for item in node.items()), "\n")


READER = Reader(_read, _wants)
