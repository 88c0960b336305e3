"""Commands in any other YAML: Bitbucket, Drone, Tekton, Travis, build specs, Ansible's shell tasks,
container specs.

A CI of its own kind needs no reader here as long as its commands stand under a key that says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policylint.scan.invocations.reader import Reader, Reading
from policylint.scan.scripts.ci import variables
from policylint.scan.scripts.keys import MENTION, commands
from policylint.scan.texts.pipelines import failures, roots, walk
from policylint.scan.texts.source import Source
from policylint.scan.texts.text import Text
from policylint.scan.texts.yaml import Tree


def _wants(source: Source) -> bool:
    return bool(MENTION.search(source.text))


def _read(source: Source) -> Iterator[Reading]:
    if "templates" not in source.path.parts and re.search(r"\bhelm(?:file)? [a-z]", source.text):
        yield from failures(source)  # a chart's template is no YAML before Helm has rendered it
    for root in roots(source):
        if _is_rule(root):
            continue
        known = variables(
            root.get("env"),
            root.get("env", "variables"),
            root.get("environment"),
            root.get("variables"),
        )
        shared = _shared(root)
        for node in walk(root):
            if node.mapping:
                yield from commands(source, node, {**shared, **known})


def _is_rule(root: Tree) -> bool:
    """Whether a document is a rule of a pack: the commands of its examples are run by nobody."""
    return root.get("validations") is not None and root.get("examples") is not None


def _shared(root: Tree) -> dict[str, Text]:
    """Values that Taskfiles and Ansible keep under `vars`."""
    return variables(root.get("vars"))


READER = Reader(_read, _wants)
