"""Keep the integers of `--set` integers when values travel to the embedded engine as JSON.

Helm reads the numbers of files and of `--set-json` as floats and those of `--set` as 64-bit
integers, which templates can tell apart: 1000000 is printed as 1e+06 or as 1000000, and `eq
.Values.n 3` fails for a float. JSON has only one kind of number, so the integers are set again by a
template that Helm runs before all others.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from policylint.helm.values.files import from_archive, from_directory

# Helm runs the templates with the most slashes in their path first.
TEMPLATE = "templates/" + "z/" * 60 + "integers.yaml"
_WALK = """{{- define "policylint.integers" -}}{{- $t := .table -}}
%s
{{- end -}}
{{- define "policylint.globals" -}}{{- range .Subcharts -}}
{{- if kindIs "map" .Values.global -}}{{- $t := .Values.global -}}
%s
{{- end -}}{{- include "policylint.globals" . -}}{{- end -}}{{- end -}}
{{- include "policylint.integers" (dict "table" .Values) -}}{{- include "policylint.globals" . -}}
"""


def as_floats(value: Any) -> Any:
    """`value` with every integer as the float that Go makes of a YAML or JSON number."""
    if isinstance(value, dict):
        return {key: as_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_floats(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def has_integers(value: Any) -> bool:
    """Whether an integer is left in `value`, booleans not counted."""
    if isinstance(value, dict):
        return any(has_integers(item) for item in value.values())
    if isinstance(value, list):
        return any(has_integers(item) for item in value)
    return _is_integer(value)


def template(values: Mapping[str, Any]) -> str:
    """The template that sets each integer of `values` again, in the globals of every subchart
    too."""
    shared = values.get("global")
    return _WALK % (
        "\n".join(_sets(values, ())),
        "\n".join(_sets(shared, ())) if isinstance(shared, dict) else "",
    )


def archive(files: Mapping[str, bytes], values: Mapping[str, Any]) -> bytes:
    """A packaged chart of `files` (path to content) with that template among them."""
    import gzip
    import tarfile  # few values hold what needs it, and it brings four ways to compress

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, data in {**files, TEMPLATE: template(values).encode()}.items():
            entry = tarfile.TarInfo(f"chart/{name}")
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return gzip.compress(packed.getvalue(), compresslevel=1)


def files_of(chart: Path) -> dict[str, bytes]:
    """The files of a chart directory or archive, in the order in which Helm loads them."""
    if not chart.is_dir():
        return from_archive(chart)
    return dict(sorted(from_directory(chart).items(), key=lambda entry: entry[0].split("/")))


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _sets(value: Any, path: tuple[str | int, ...]) -> list[str]:
    """The actions that make the integers below `value` integers again, the deepest first."""
    actions = []
    for key, item in _entries(value):
        actions += _sets(item, (*path, key))
    if isinstance(value, dict):
        for key, item in value.items():
            if _needs_rebuild(item):
                actions.append(
                    f"{{{{- $_ := set {_at(path)} {json.dumps(key)} "
                    f"{_expression(item, (*path, key))} -}}}}"
                )
    return actions


def _entries(value: Any) -> Iterable[tuple[str | int, Any]]:
    """The entries of a map or a list with their keys; none of a scalar."""
    if isinstance(value, dict):
        return value.items()
    if isinstance(value, list):
        return enumerate(value)
    return ()


def _needs_rebuild(value: Any) -> bool:
    """Integers and lists that hold some; a table within a list is changed in place."""
    return _is_integer(value) or (
        isinstance(value, list) and any(_needs_rebuild(item) for item in value)
    )


def _expression(value: Any, path: tuple[str | int, ...]) -> str:
    if _is_integer(value):
        return f"(int64 {value})"
    if isinstance(value, list) and _needs_rebuild(value):
        items = [_expression(item, (*path, index)) for index, item in enumerate(value)]
        return f"(list {' '.join(items)})"
    return _at(path)


def _at(path: tuple[str | int, ...]) -> str:
    if path:
        return f"(index $t {' '.join(json.dumps(step) for step in path)})"
    return "$t"
