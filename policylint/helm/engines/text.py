"""What helm prints, taken apart: text, the CRDs before it, and warnings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policylint.errors import RenderError
from policylint.helm.engines.secrets import secrets_of
from policylint.helm.inputs.sides import ChartSide
from policylint.runtime.patterns import pattern

_SOURCE = pattern(r"---\n# Source: (?P<path>.+)\n")
"""A separator and Helm's comment, where they begin a line (see `_sources`)."""
_CRD = pattern(r"[^/]+/(charts/[^/]+/)*crds/")
_TEMPLATE = pattern(r"[^/]+/(charts/[^/]+/)*templates/|generated-by-postrender-")
_VALUE = pattern(
    r"(?P<what>warning: [^\n(]*?) \(.*?(?P<end>\"?)(?=\n\S+\.go:\d+:|\n(?:time|level)=|\s*\Z)", re.S
)
"""A value of any number of lines at the end of a warning."""
_PLAIN = pattern(
    r"(?:\S+\.go:\d+: |level=\w+ msg=\")?"
    r"(?:warning: (?:skipped value for \S+ Not a table\.|cannot overwrite table with non table "
    r"for \S+"
    r"|destination for \S+ is a table\. Ignoring non-table value)|found symbolic link in path: "
    r".*)\"?$"
)
"""Warnings that show keys and paths alone."""


def decoded(output: bytes, side: ChartSide) -> str:
    """Helm's output as text; raises RenderError that names the template where it is not UTF-8."""
    try:
        return output.decode("utf-8")
    except UnicodeDecodeError as error:
        before = output[: error.start].decode("utf-8", "replace")
        sources = [source["path"] for source in _sources(before)]
        where = (
            f"byte 0x{output[error.start]:02x} in line {before.count(chr(10)) + 1} of the render"
        )
        raise RenderError(
            f"the manifests of {side.chart} are not UTF-8: {where}",
            remedy="use b64enc (binaryData) for binary content, and save templates and values as "
            "UTF-8",
            file=sources[-1] if sources else "",
        ) from error


def _sources(text: str) -> Iterator[re.Match[str]]:
    """Each comment in which Helm names a file."""
    for source in _SOURCE.finditer(text):
        if source.start() == 0 or text[source.start() - 1] == "\n":
            yield source


def split_crds(text: str) -> tuple[str, str]:
    """(the text of crds/ directories, the rest): Helm prints all CRDs before the first template.

    A definition may hold comments that look like Helm's own, so the CRDs end where a template
    begins.
    """
    first = _SOURCE.match(text)
    if first is None or not _CRD.match(first["path"]):
        return "", text
    for source in _sources(text):
        if _TEMPLATE.match(source["path"]):
            return text[: source.start()], text[source.start() :]
    return text, ""


def warnings(words: str, side: ChartSide) -> tuple[str, ...]:
    """Helm's warnings on a side, one a line, without the values that some of them print."""
    lines = _lines(_VALUE.sub(r"\g<what>\g<end>", words))
    if all(map(_PLAIN.match, lines)):
        return lines
    return _lines(secrets_of(side).hidden("\n".join(lines)))


def _lines(words: str) -> tuple[str, ...]:
    """Each line once that is not blank."""
    return tuple(dict.fromkeys(line.strip() for line in words.splitlines() if line.strip()))
