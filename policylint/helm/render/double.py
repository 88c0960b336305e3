"""Which charts can render differently each time, found without rendering: by the functions their
templates call."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from policylint.errors import ReadError
from policylint.helm.inputs.archives import MAX_FILE, MAX_FILES, packed_files
from policylint.helm.inputs.links import Ways
from policylint.helm.inputs.sides import ChartSide
from policylint.runtime.goactions import closed
from policylint.runtime.patterns import pattern

# Functions of Sprig and Helm whose result differs from call to call. `keys` and `values` of a dict
# come in random order; dates of what is no date are of now. derivePassword is deterministic, lookup
# finds nothing offline.
FUNCTIONS = (
    *(
        "randAlphaNum",
        "randAlpha",
        "randNumeric",
        "randAscii",
        "randBytes",
        "randInt",
        "shuffle",
        "uuidv4",
    ),
    *("genPrivateKey", "genCA", "genCAWithKey", "genSelfSignedCert", "genSelfSignedCertWithKey"),
    *("genSignedCert", "genSignedCertWithKey", "htpasswd", "bcrypt", "encryptAES"),
    *(
        "now",
        "ago",
        "date",
        "dateInZone",
        "date_in_zone",
        "htmlDate",
        "htmlDateInZone",
        "getHostByName",
    ),
    *("keys", "values"),
)

_ACTION = pattern(rb"\{\{(?!-?\s*/\*)(.*?)\}\}", re.S)
_CALL = pattern(rb"(?<![\w.$\"/-])(?:" + "|".join(FUNCTIONS).encode() + rb")(?![\w\"./-])")

_ANYTHING = b'{{ now }}{{ lookup "v1" "Secret" "" "" }}'
"""Stands for what cannot be read."""


def can_differ(side: ChartSide) -> bool:
    """Whether a template of the chart, its subcharts or a value that `tpl` may run calls such a
    function.

    True where the chart is not at hand (a reference that helm pulls).
    """
    return any(differs_each_time(content) for content in contents_of(side))


def contents_of(side: ChartSide) -> Iterator[bytes]:
    """Whatever a render of the chart may take for a template: its files, values and arguments.

    Of a chart that is not at hand, a stand-in that calls everything.
    """
    chart = Path(side.chart)
    if not chart.exists():
        yield _ANYTHING
        return
    yield from _contents(chart)
    yield from map(_read, side.values.named)
    values = side.values
    arguments = (*values.set, *values.set_string, *values.set_json, *values.set_literal)
    yield from (argument.encode() for argument in arguments)


def differs_each_time(content: bytes) -> bool:
    """Whether a text calls such a function, where Helm takes it for a template."""
    return in_an_action(content, _CALL)


def in_an_action(content: bytes, wanted: re.Pattern[bytes]) -> bool:
    """Whether an action of a template, comments left out, holds what is wanted."""
    return any(map(wanted.search, actions_in(content)))


def actions_in(content: bytes) -> Iterator[bytes]:
    """What stands in the actions of a template, comments left out."""
    if b"{{" in content:
        yield from (action[1] for action in _ACTION.finditer(closed(content)))


def _contents(chart: Path) -> Iterator[bytes]:
    """The content of each file of a chart, archives within it unpacked in memory; of more than Helm
    loads, a stand-in."""
    if chart.is_file():
        yield from _members(chart)
    elif _has_too_much(chart):
        yield _ANYTHING
    else:
        yield from _of_directory(chart)


def _of_directory(chart: Path) -> Iterator[bytes]:
    opened = False
    definitions: list[str] = []
    for directory, folders, names in _walk(str(chart)):
        if (
            "Chart.yaml" in names and "crds" in folders
        ):  # no templates: read only where one may ask for them
            folders.remove("crds")
            definitions.append(f"{directory}/crds")
        for content in _files(directory, names):
            opened = opened or b".Files" in content
            yield content
    for folder in definitions if opened else ():
        for directory, _, names in _walk(folder):
            yield from _files(directory, names)


def _has_too_much(chart: Path) -> bool:
    """Whether a chart has more folders and files than Helm loads: links may lead anywhere."""
    count = 0
    ways = Ways()
    for directory, folders, names in _walk(str(chart)):
        count += len(folders) + len(names)
        if count > MAX_FILES or not ways.enter(directory):
            return True
    return False


def _walk(top: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """The folders below one, links followed but for those that lead back, which helm refuses."""
    for directory, folders, names in os.walk(top, followlinks=True):
        folders[:] = [name for name in folders if not _leads_back(directory, name)]
        yield directory, folders, names


def _leads_back(directory: str, name: str) -> bool:
    path = f"{directory}/{name}"
    if not os.path.islink(path):  # noqa: PTH114  asked for each folder of a chart
        return False
    real = os.path.realpath(path)
    return f"{os.path.realpath(directory)}/".startswith(f"{real}/")


def _files(directory: str, names: list[str]) -> Iterator[bytes]:
    for name in names:
        file = f"{directory}/{name}"
        if name.endswith((".tgz", ".tar.gz")):
            yield from _members(Path(file))
        else:
            yield _read(file)


def _members(archive: Path) -> Iterator[bytes]:
    """The files of an archive; one that cannot be read, or that Helm refuses for its size, counts
    as calling such a function."""
    try:
        for _, content in packed_files(archive, str(archive)):
            yield content
    except (OSError, ReadError):
        yield _ANYTHING


def _read(file: str) -> bytes:
    """The content of a file; a stand-in for a pipe, a device, and what is too large for Helm."""
    try:
        status = os.stat(file)  # noqa: PTH116  a chart may have thousands of files
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_FILE:
            return _ANYTHING
        with open(file, "rb") as content:  # noqa: PTH123  the same
            return content.read()
    except OSError:
        return b""
