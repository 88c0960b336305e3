"""One text with its templates filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policylint.scan.gitops.gotemplates.execution import executed
from policylint.scan.gitops.gotemplates.functions import Functions
from policylint.scan.gitops.gotemplates.lexing import BRACES, Delimiters
from policylint.scan.gitops.gotemplates.model import TemplateError
from policylint.scan.gitops.gotemplates.parsing import parse
from policylint.scan.gitops.gotemplates.sprig import SPRIG, UNKNOWN
from policylint.scan.gitops.gotemplates.values import copied


def rendered(
    text: str,
    data: Mapping[str, Any] | None,
    *,
    functions: Functions = SPRIG,
    delimiters: Delimiters = BRACES,
    is_strict: bool = False,
) -> str:
    """What a text prints with these data; `is_strict` is the option missingkey=error. Raises
    TemplateError for what Go refuses and for what is not evaluated here."""
    if delimiters[0] not in text:
        return text
    try:
        template = parse(text, delimiters)
        return executed(template, copied(data), functions, UNKNOWN, is_strict=is_strict)
    except RecursionError:
        raise TemplateError("a template whose values hold themselves") from None
