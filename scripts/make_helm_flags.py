"""Write policylint/data/helm-flags.json: each verb's flags as the `--help` of a real Helm 3 and
Helm 4 lists them.

    python scripts/make_helm_flags.py HELM3 HELM4

What help cannot tell (since when, deprecated spellings, what excludes what) is kept by hand in
policylint/data/helm-flags.yaml.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

DATA = Path(__file__).parent.parent / "policylint" / "data" / "helm-flags.json"
FLAG = re.compile(
    r"^\s+(?:-(\w), )?\s*--([\w-]+)(?: ([A-Za-z0-9]+))?(?:\[=\"?([^\"\]]*)\"?\])?(?:\s{2,}(.*))?$"
)
COMMAND = re.compile(r"^  ([a-z][\w-]*)\s+\S")
DEFAULT = re.compile(r"\(default (\"[^\"]*\"|[^()]*)\)$")
ALIASES = re.compile(r"^Aliases:\n\s+(.*)$", re.MULTILINE)

Row = dict[str, str]


def helps(helm: str, *path: str) -> str:
    """The help text of one command."""
    return subprocess.run(
        [helm, *path, "--help"], capture_output=True, text=True, check=True
    ).stdout


def section(text: str, title: str) -> list[str]:
    """The lines of one section of a help text."""
    match = re.search(rf"^{title}:\n(.*?)(?:\n\n|\Z)", text, re.MULTILINE | re.DOTALL)
    return match.group(1).splitlines() if match else []


def flags(lines: list[str]) -> dict[str, Row]:
    """Each flag of a section: its shorthand, whether it takes a value, its default."""
    rows: dict[str, Row] = {}
    for line in lines:
        match = FLAG.match(line)
        if not match or match[2] == "help":
            continue
        rows[match[2]] = _row(*match.group(1, 3, 4, 5))
    return rows


def _row(short: str | None, type_: str | None, bare: str | None, help_text: str | None) -> Row:
    """What a flag's line says; `bare` is its value where none is written, "" for an empty one."""
    row = {"takes": "yes", "type": type_ or "bool"}
    if bare is not None:
        row = {"takes": "optional", "type": type_ or ("string" if bare else "bool")}
    elif not type_:
        row["takes"] = "no"
    if short:
        row["short"] = short
    if bare:
        row["bare"] = bare
    return row | _default(help_text or "")


def _default(help_text: str) -> Row:
    match = DEFAULT.search(help_text)
    # a path below the home of whoever runs this is no fact
    if match is None or "/" in match[1]:
        return {}
    return {"default": match[1].strip('"')}


def verbs(helm: str, *path: str) -> Iterator[tuple[str, ...]]:
    """Every command below `path`, subcommands included."""
    for line in section(helps(helm, *path), "Available Commands"):
        match = COMMAND.match(line)
        if match and match[1] not in ("help", "completion"):
            yield (*path, match[1])
            yield from verbs(helm, *path, match[1])


def table(helm: str) -> dict[str, object]:
    """One Helm line: version, global flags, and each verb with its aliases and flags."""
    version = subprocess.run(
        [helm, "version", "--template", "{{.Version}}"], capture_output=True, text=True, check=True
    )
    every: dict[str, object] = {}
    for path in verbs(helm):
        text = helps(helm, *path)
        row: dict[str, object] = {"flags": flags(section(text, "Flags"))}
        aliases = ALIASES.search(text)
        if aliases:
            row["aliases"] = [name for name in aliases[1].split(", ") if name != path[-1]]
        every[" ".join(path)] = row
    return {
        "version": version.stdout.strip().lstrip("v"),
        "global": flags(section(helps(helm, "upgrade"), "Global Flags")),
        "verbs": every,
    }


def main() -> None:
    """Write the table of both lines."""
    tables = {line: table(helm) for line, helm in zip(("3", "4"), sys.argv[1:3], strict=True)}
    DATA.write_text(json.dumps(tables, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
