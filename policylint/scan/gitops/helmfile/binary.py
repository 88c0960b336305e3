"""The user's own helmfile, run only where that is asked for: it alone understands its templates.

`helmfile build --embed-values` prints each state with the values files of its releases rendered.
Source: helmfile v0.167.1: pkg/tmpl/context_funcs.go (`exec`, `envExec`), pkg/app/run.go (hooks of
the events prepare and cleanup run, charts of registries are pulled through helm). Its own switch
against such features, HELMFILE_DISABLE_INSECURE_FEATURES, ends every build of this version.
"""

from __future__ import annotations

import os
import posixpath
import re
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from policylint.runtime.children import dying_with_parent
from policylint.scan.gitops.helmfile.states import DEFAULT, State
from policylint.scan.gitops.tree import Tree, mapping, normal, parsed

_TIME_LIMIT = 120.0
_ENVIRONMENT = re.compile(r"^(?P<indent> +)(?P<name>[\w.-]+):", re.MULTILINE)
_BLOCK = re.compile(
    r"^environments:[^\n]*\n(?P<body>(?:[ \t][^\n]*\n|\n|\{\{[^\n]*\n)*)", re.MULTILINE
)
_ACTION = re.compile(
    r"""\{\{(?:-?\s*+/\*(?:[^*]|\*(?!/))*+)?"""
    r"""(?:"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\\n]|\\.)*'|[^}]|\}(?!\}))*+"""
)
"""An action of a template: what its texts hold does not end it."""
_PROGRAM = re.compile(r"\b(?:exec|envExec)\b")
_READ = (".yaml", ".yml", ".gotmpl", ".tmpl", ".tpl")
_UPWARDS = re.compile(r"(?:\.\./)+[\w./-]*")
_HOOK = re.compile(r"\A(?>.*?\bevents\b).*\b(?:prepare|cleanup)\b|\bkubectlApply\b", re.DOTALL)
_NAMED = re.compile(
    r"^[^\S\n]*-\s+(?:path:\s*)?[\"']?(?P<path>[\w./-]+\.(?:yaml|yml|gotmpl))[\"']?\s*$", re.M
)
_SOURCE = re.compile(r"^#\s+Source: (?P<file>.+)$", re.MULTILINE)
_HELM = """\
#!/bin/sh
# Stands in for helm while helmfile builds: it answers its version, and pulls nothing.
case "$1" in
version) echo v3.18.0 ;;
pull)
  while [ $# -gt 1 ]; do
    if [ "$1" = --destination ] || [ "$1" = -d ]; then
      mkdir -p "$2/chart"
      printf 'apiVersion: v2\\nname: chart\\nversion: 0.0.0\\n' > "$2/chart/Chart.yaml"
    fi
    shift
  done ;;
esac
"""


class HelmfileError(Exception):
    """Why helmfile did not build, in its own words where it said any."""


class Helmfiles(Protocol):
    """Something that builds a helmfile in all of its environments."""

    def states(self, tree: Tree, name: str) -> Iterator[State]:
        """What it and the helmfiles that it names come to; raises HelmfileError."""


class Binary(Struct, frozen=True):
    """The helmfile of the user."""

    program: str
    variables: Mapping[str, str] = {}
    """Variables that templates may read, beside those that a build needs anyway."""

    def states(self, tree: Tree, name: str) -> Iterator[State]:
        """Build each environment that the file declares as text; without hooks, and without
        templates that run programs, which are refused."""
        _refuse(tree, name)
        for environment in _environments(tree, name):
            shown = "" if environment == DEFAULT else environment
            yield from _parsed(tree, self._build(tree.root / name, environment), shown)

    def _build(self, file: Path, environment: str) -> str:
        with tempfile.TemporaryDirectory(prefix="policylint-") as made:
            folder = Path(made)
            helm = folder / "helm"
            helm.write_text(_HELM, "utf-8")
            helm.chmod(helm.stat().st_mode | stat.S_IXUSR)
            argv = [
                self.program,
                f"--file={file}",
                f"--environment={environment}",
                f"--helm-binary={helm}",
                f"--kustomize-binary={helm}",
                "--allow-no-matching-release",
                "build",
                "--embed-values",
            ]
            return _run(argv, file.parent, {**self.variables, **_variables(folder)})


def _variables(folder: Path) -> dict[str, str]:
    """The environment of a build: nothing of the process's own, so that no template can read its
    secrets, and nothing that answers."""
    return {
        "PATH": f"{folder}:/usr/bin:/bin",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "HELMFILE_CACHE_HOME": str(folder),
        "HELMFILE_UPGRADE_NOTICE_DISABLED": "true",
        "GIT_ALLOW_PROTOCOL": "none",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "LANG": os.environ.get("LANG", "C.UTF-8"),
    }


def _run(argv: list[str], folder: Path, variables: dict[str, str]) -> str:
    try:
        done = subprocess.run(
            argv,
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIME_LIMIT,
            check=False,
            preexec_fn=dying_with_parent(),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise HelmfileError(str(error)) from error
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace").strip()
        raise HelmfileError(words.rpartition("\n")[2][-400:] or "it failed without a word")
    return done.stdout.decode("utf-8", "replace")


def _refuse(tree: Tree, name: str) -> None:
    """Raise HelmfileError where a file that helmfile may read names what runs programs."""
    for file in _within_reach(tree, name):
        text = tree.text(file) or ""
        if _HOOK.search(text) or any(map(_PROGRAM.search, _ACTION.findall(text))):
            raise HelmfileError(f"{file} names programs that would run: it is not built")


def _within_reach(tree: Tree, name: str) -> Iterator[str]:
    """The templates and YAML files below the helmfile's directory, and below every directory that
    one of them leads up to."""
    waiting = [posixpath.dirname(name) or "."]
    seen: set[str] = set()
    files: set[str] = set()
    while waiting:
        folder = waiting.pop()
        if folder in seen:
            continue
        seen.add(folder)
        for file in tree.below(folder):
            if file not in files and file.endswith(_READ):
                files.add(file)
                yield file
                waiting += _leads(file, tree.text(file) or "")


def _leads(file: str, text: str) -> Iterator[str]:
    """The directories above a file that it names with `../`, as far as the path is literal."""
    for match in _UPWARDS.finditer(text):
        path = normal(posixpath.join(posixpath.dirname(file), match[0]))
        yield posixpath.dirname(path) if posixpath.splitext(path)[1] else path


def _environments(tree: Tree, name: str) -> list[str]:
    """The environments that a file declares, read as text: templates may stand around them."""
    environments: list[str] = []
    for file in (name, *_bases(tree, name)):
        block = _BLOCK.search(tree.text(file) or "")
        if block:
            rows = list(_ENVIRONMENT.finditer(block["body"]))
        else:
            rows = []
        outermost = min((match["indent"] for match in rows), key=len, default="")
        environments += [match["name"] for match in rows if match["indent"] == outermost]
    return list(dict.fromkeys(environments)) or [DEFAULT]


def _bases(tree: Tree, name: str) -> Iterator[str]:
    """The bases and helmfiles that a file names, read as text."""
    for match in _NAMED.finditer(tree.text(name) or ""):
        path = normal(posixpath.join(posixpath.dirname(name), match["path"]))
        if tree.is_file(path):
            yield path


def _parsed(tree: Tree, text: str, environment: str) -> Iterator[State]:
    """The states that helmfile printed, each under the file that it names."""
    marks = list(_SOURCE.finditer(text))
    if not marks:
        raise HelmfileError("it printed no state")
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    for mark, end in zip(marks, ends, strict=True):
        file = normal(os.path.relpath(mark["file"], os.path.realpath(tree.root)))
        body = text[mark.end() : end].removesuffix("---\n")
        documents = parsed(body, file)
        if documents.error:
            raise HelmfileError(documents.error)
        for item in documents.items:
            own = mapping(item.body, "environments", environment or DEFAULT)
            whole = {**item.body, "environment": own}
            values = mapping(item.body, "renderedvalues")
            yield State(whole, file, environment, values)
