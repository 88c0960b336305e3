"""Write a values file that says all that an upgrade needs, so that it needs no `--reuse-values`.

The user's own file is edited with its comments and order kept; every text is quoted that Helm would
read as something else, and the result is read back before it is given out.
"""

from __future__ import annotations

import io
import json
from typing import Any

from policylint.errors import PolicylintError, ReadError
from policylint.helm.values.chart import read_values
from policylint.helm.values.modes import Mode
from policylint.helm.values.subject import ValuesChange
from policylint.helm.values.tables import Table
from policylint.kyaml import load as kyaml


def full_values(change: ValuesChange) -> str:
    """The text of a values file under which `--reset-values` keeps what the user has set so far.

    It starts from the upgrade's last values file. It may hold secrets that the release holds: write
    it, do not print it. Raises `ReadError` where the file cannot be edited.
    """
    wanted = change.under(Mode.RESET_THEN_REUSE).user_values
    text, file = (
        (change.files[-1].text, change.files[-1].path) if change.files else ("", "values.yaml")
    )
    return edited(text, wanted, file)


def edited(text: str, wanted: Table, file: str) -> str:
    """A values file's text changed so that it reads as `wanted`; comments, order and style stay
    where they can."""
    try:
        edited_text = _round_trip(text, wanted)
        if read_values(edited_text, file) == wanted:
            return edited_text
    except (PolicylintError, ValueError, TypeError, AttributeError):
        pass
    return _plain(text, wanted, file)


def _round_trip(text: str, wanted: Table) -> str:
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap
    from ruamel.yaml.error import YAMLError

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(
        mapping=2, sequence=4 if "\n  - " in text else 2, offset=2 if "\n  - " in text else 0
    )
    try:
        root = yaml.load(text) if text.strip() else CommentedMap()
    except YAMLError as error:
        raise ValueError(str(error)) from None
    if root is None:
        root = CommentedMap()
    _update(root, read_values(text, "values.yaml"), wanted)
    out = io.StringIO()
    yaml.dump(root, out)
    return out.getvalue()


def _update(node: Any, before: Table, wanted: Table) -> None:
    """Make a mapping of the tree say what is wanted, touching only keys that say something else."""
    for key in [key for key in before if key not in wanted]:
        del node[key]
    for key, value in wanted.items():
        table = before.get(key)
        if isinstance(table, dict) and table and isinstance(value, dict):
            _update(node[key], table, value)
        elif key not in before or not _same(before[key], value):
            node[_text(key)] = _safe(value)


def _safe(value: Any) -> Any:
    if isinstance(value, dict):
        return {_text(key): _safe(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_safe(child) for child in value]
    if isinstance(value, str):
        return _text(value)
    return value


def _text(text: str) -> Any:
    """A text that is quoted where Helm would not read it as text."""
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

    if (
        "\n" in text
        and text.endswith("\n")
        and not text.startswith((" ", "\n"))
        and not text.endswith("\n\n")
    ):
        return LiteralScalarString(text)
    try:
        plain = kyaml.parse(f"v: {text}", "values") == {"v": text}
    except ReadError:
        plain = False
    if plain:
        return text
    return DoubleQuotedScalarString(text)


def _plain(text: str, wanted: Table, file: str) -> str:
    """JSON is YAML that every reader reads alike: the last resort for a file that cannot be
    edited."""
    if text.strip():
        remedy = "add the keys of `helm get values RELEASE -o yaml` to it by hand"
        raise ReadError(
            "this values file cannot be edited with its comments kept", file=file, remedy=remedy
        )
    return "".join(
        f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}\n"
        for key, value in wanted.items()
    )


def _same(left: Any, right: Any) -> bool:
    return bool(left == right) and isinstance(left, bool) == isinstance(right, bool)
