"""Slugs as github.com/gosimple/slug makes them of plain ASCII."""

from __future__ import annotations

import re

from policylint.scan.gitops.gotemplates.model import TemplateError

_WORDS = str.maketrans({"&": "and", "@": "at", '"': "", "'": ""})


def slug(text: str, longest: int) -> str:
    """A text as a slug. Raises TemplateError where it is transliterated or shortened."""
    if not text.isascii():
        raise TemplateError("slugify of what is not ASCII is not evaluated here")
    dashed = re.sub(r"[^a-z0-9_-]", "-", text.strip().translate(_WORDS).lower())
    result = re.sub(r"-+", "-", dashed).strip("-_")
    if len(result) > longest:
        raise TemplateError("slugify that shortens is not evaluated here")
    return result
