"""Values that are read as something else than they look like: octals, exponents, booleans, large
and dotted numbers.

What each spelling becomes is `policylint.kyaml.load`'s answer (sigs.k8s.io/yaml, as Helm reads
values files) and `policylint.helm.values.strvals`' (as `--set` reads values); this module only says
where the answer surprises.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from policylint.errors import PolicylintError
from policylint.helm.inputs.sides import ValuesInput
from policylint.helm.values.strvals import set_strings, set_values
from policylint.helm.values.tables import Table, leaves
from policylint.kyaml import load as kyaml
from policylint.kyaml.lines import Path, scalars
from policylint.runtime.patterns import pattern

_BOOLEAN = pattern(r"(?:y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$")
_OCTAL = pattern(r"0o?[0-7]+$")
_EXPONENT = pattern(r"[-+]?[0-9][0-9_]*(?:\.[0-9]*)?[eE][-+]?[0-9]+$")
_DIGITS = pattern(r"[-+]?[0-9]+$")
_SHORTENED = pattern(r"[0-9]+\.[0-9]*0$")
_MODE = pattern(r"(?i)mode|umask|permission")
_VERSION = pattern(r"(?i)(?:tag|version|revision|commit|sha|digest|build)$")


class Hazard(Struct, frozen=True):
    """One value that surprises: as written, as read, and why. `line` is 0 for a value of the
    command line."""

    path: Path
    written: str
    read: Any
    message: str
    file: str = ""
    line: int = 0

    @property
    def quoted(self) -> str:
        """How to write it so that it stays text."""
        return json.dumps(self.written)


def in_file(text: str, file: str) -> Iterator[Hazard]:
    """The hazards of a values file: plain scalars that YAML reads as another type than their
    text."""
    for path, (written, style, line) in scalars(text).items():
        if style or not path:
            continue
        message = _surprise(path, written)
        if message:
            yield Hazard(path, written, _read(written), message, file, line)


def in_flags(flags: ValuesInput, defaults: Table) -> Iterator[Hazard]:
    """The hazards of --set against the chart's defaults: another type than the default, or a number
    kept as text."""
    kinds = dict(leaves(defaults))
    for flag, written, read in _set(flags):
        for path, value in leaves(read):
            default = kinds.get(path)
            text = str(dict(leaves(written)).get(path, ""))
            message = _mismatch(flag, value, default)
            if message:
                yield Hazard(path, text, value, message)


def _surprise(path: Path, written: str) -> str:
    """Why a plain scalar is not what it looks like, empty where it is."""
    key, value = path[-1], _read(written)
    if isinstance(value, bool):
        if _BOOLEAN.match(written):
            return f"{written} is read as {json.dumps(value)}"
        return ""
    if isinstance(value, int) and _is_octal(written, value):
        if _MODE.search(key):
            return ""
        return f"{written} is read as the octal number {value}"
    if isinstance(value, int | float):
        return _number_surprise(key, written, value)
    return ""


def _is_octal(written: str, value: int) -> bool:
    return _OCTAL.match(written) is not None and len(written) > 1 and str(value) != written


def _number_surprise(key: str, written: str, value: float) -> str:
    """Why a number, other than an octal one, is not what it looks like; empty where it is."""
    if _EXPONENT.match(written):
        return f"{written} is read as the number {value:g}"
    is_version = _VERSION.search(key) is not None
    if is_version and isinstance(value, float) and _SHORTENED.match(written):
        return f"{written} is read as the number {value:g}"
    if not _DIGITS.match(written):
        return ""
    if abs(value) > 2**53:
        return f"{written} is read as {float(value):.17g}: Helm keeps no more than 53 bits"
    if is_version and isinstance(value, int) and abs(value) >= 10**6:
        return f"{written} is read as a number, which a template prints as {float(value):g}"
    return ""


def _read(written: str) -> Any:
    try:
        return kyaml.parse(f"v: {written}", "values")["v"]
    except (PolicylintError, TypeError, KeyError):
        return written


def _set(flags: ValuesInput) -> Iterator[tuple[str, Table, Table]]:
    for text in flags.set:
        written: Table = {}
        read: Table = {}
        set_strings(text, written)
        set_values(text, read)
        yield "--set", written, read
    for text in flags.set_string:
        kept: Table = {}
        set_strings(text, kept)
        yield "--set-string", kept, kept


def _mismatch(flag: str, value: Any, default: Any) -> str:
    """Why the value of a flag is of another type than the default, empty where it is not."""
    if flag == "--set":
        return _set_mismatch(value, default)
    return _set_string_mismatch(value, default)


def _set_mismatch(value: Any, default: Any) -> str:
    if isinstance(value, int) and isinstance(default, str) and default:
        if isinstance(value, bool):
            kind = "a boolean"
        else:
            kind = "a number"
        return f"--set makes {kind} of it, the chart's default is text"
    is_exponent = isinstance(value, str) and _EXPONENT.match(value) is not None
    if is_exponent and isinstance(default, int | float):
        return "--set keeps an exponent as text, the chart's default is a number"
    return ""


def _set_string_mismatch(value: Any, default: Any) -> str:
    if isinstance(default, bool):
        if value not in ("true", "false"):
            return ""
        return (
            f'--set-string makes text of it, and the text "{value}" counts as true; the '
            "chart's default is a boolean"
        )
    if isinstance(default, int | float):
        return "--set-string makes text of it, the chart's default is a number"
    return ""
