"""The values that a command gives: its values files and --set flags, laid on each other in Helm's
order.

Source: pkg/cli/values/options.go of Helm 3.22 and 4.3: files first, then all `--set-json`, `--set`,
`--set-string`, `--set-file` and `--set-literal`, whatever their order on the command line.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from policylint.errors import ReadError, UsageError
from policylint.helm.inputs.files import read_text
from policylint.helm.inputs.sides import ValuesInput
from policylint.helm.values.chart import read_values
from policylint.helm.values.strvals import set_files, set_json, set_literal, set_strings, set_values
from policylint.helm.values.tables import Table, as_json_numbers, layer


def read_file(path: str) -> str:
    """A values file's text; raises `ReadError`. Nothing is fetched: a URL is an error."""
    if "://" in path:
        remedy = "download the file first and name the copy"
        raise ReadError("values files are not fetched", file=path, remedy=remedy)
    return read_text(Path(path))


def user_values(
    values_input: ValuesInput, helm: str, read: Callable[[str], str] = read_file
) -> Table:
    """The user values of a command, for Helm line "3" or "4"; raises `ReadError` or
    `UsageError`."""
    values: Table = {}
    for flag, argument in values_input.flags():
        values = laid(values, flag, argument, helm, read)
    return values


def laid(
    values: Table, flag: str, argument: str, helm: str, read: Callable[[str], str] = read_file
) -> Table:
    """Values with those of one more flag on them (a `--set` changes the table); raises `ReadError`
    or `UsageError`."""
    if flag == "--values":
        return layer(values, read_values(read(argument), argument, helm))
    if flag == "--set-json":
        return _json(argument, values, helm)
    if flag == "--set":
        set_values(argument, values)
    elif flag == "--set-string":
        set_strings(argument, values)
    elif flag == "--set-file":
        set_files(argument, values, read)
    else:
        set_literal(argument, values)
    return values


def _json(text: str, values: Table, helm: str) -> Table:
    """Helm 4 takes a whole JSON object too; for Helm 3 that is no key."""
    if helm == "3" or not text.lstrip().startswith("{"):
        set_json(text, values)
        return values
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        raise UsageError(
            "failed parsing --set-json data JSON", remedy="give one valid JSON object"
        ) from None
    return layer(values, as_json_numbers(whole))
