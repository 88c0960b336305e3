"""What the tools that drive Helm call its flags, and what they do where nobody says:
data/tool-defaults.yaml."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from policylint.kyaml.tables import table
from policylint.model import Json
from policylint.scan.invocations.model import Invocation
from policylint.scan.invocations.settings import Reading, tables

COMMANDS = ("helm", "azure", "circleci", "drone")
"""Tools that take Helm's flags under Helm's names, or as raw arguments."""
_INVERSE = "inverse"


@functools.cache
def _defaults() -> Mapping[str, Mapping[str, Json]]:
    raw: Mapping[str, Any] = table("tool-defaults")
    return {tool: row["flags"] for tool, row in raw.items()}


def default(invocation: Invocation, name: str) -> Json:
    """What its tool does about a flag of Helm 3's name that nobody gives; None for off, or where it
    is not known."""
    return _defaults().get(invocation.tool, {}).get(name)


def off(invocation: Invocation, name: str) -> bool:
    """Whether a switch is off: said to be, or not given to a tool that can turn it on and does not
    by itself."""
    flag = invocation.flag(name)
    if flag.state != "unset" or not has(invocation, name):
        return False
    return flag.value is False or not default(invocation, name)


def has(invocation: Invocation, name: str) -> bool:
    """Whether its tool can be told about a flag of Helm 3's name."""
    return invocation.tool in COMMANDS or _row(invocation, name) is not None


def called(invocation: Invocation, name: str, spelled: str) -> str:
    """The flag in the words of its tool: `spelled` for a command, `disableWait` for Flux."""
    row = _row(invocation, name)
    if row is None:
        return spelled
    return row[0].rpartition(".")[2]


def on(invocation: Invocation, name: str, spelled: str) -> str:
    """What to write to turn a switch on: `--wait`, `wait: true`, `wait = true`, `disableWait:
    false`."""
    row = _row(invocation, name)
    if row is None:
        return spelled
    equals = " = " if invocation.syntax == "hcl" else ": "
    return f"{row[0].rpartition('.')[2]}{equals}{'false' if row[1][1] == _INVERSE else 'true'}"


def _row(invocation: Invocation, name: str) -> tuple[str, Reading] | None:
    table = tables().get(invocation.tool)
    if table:
        return next((row for row in table.settings.items() if row[1][0] == name), None)
    return None
