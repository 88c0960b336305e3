"""What helm prints, taken apart: text, the CRDs before it, and warnings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policylint.errors import RenderError
from policylint.patterns import pattern
from policylint.sources.sides import ChartSide

_SOURCE = pattern(r"---\n# Source: (?P<path>.+)\n")
"""A separator and Helm's comment, where they begin a line (see `_sources`)."""
_CRD = pattern(r"[^/]+/(charts/[^/]+/)*crds/")
_TEMPLATE = pattern(r"[^/]+/(charts/[^/]+/)*templates/|generated-by-postrender-")


def decoded(output: bytes, side: ChartSide) -> str:
    """Helm's output as text; raises RenderError that names the template where it is not UTF-8."""
    try:
        return output.decode("utf-8")
    except UnicodeDecodeError as error:
        before = output[: error.start].decode("utf-8", "replace")
        sources = [found["path"] for found in _sources(before)]
        where = f"byte 0x{output[error.start]:02x} in line {before.count(chr(10)) + 1} of the render"
        raise RenderError(
            f"the manifests of {side.chart} are not UTF-8: {where}",
            remedy="use b64enc (binaryData) for binary content, and save templates and values as UTF-8",
            file=sources[-1] if sources else "",
        ) from error


def _sources(text: str) -> Iterator[re.Match[str]]:
    """Each comment in which Helm names a file."""
    for found in _SOURCE.finditer(text):
        if found.start() == 0 or text[found.start() - 1] == "\n":
            yield found


def split_crds(text: str) -> tuple[str, str]:
    """(the text of crds/ directories, the rest): Helm prints all CRDs before the first template.

    A definition may hold comments that look like Helm's own, so the CRDs end where a template begins.
    """
    first = _SOURCE.match(text)
    if first is None or not _CRD.match(first["path"]):
        return "", text
    for found in _sources(text):
        if _TEMPLATE.match(found["path"]):
            return text[: found.start()], text[found.start() :]
    return text, ""


def warnings(words: str) -> tuple[str, ...]:
    """Helm's warnings, one a line, without the values that some of them print."""
    lines = (re.sub(r"(?<=warning: )(.*?) \(.*", r"\1", line.strip()) for line in words.splitlines())
    return tuple(dict.fromkeys(line for line in lines if line))
