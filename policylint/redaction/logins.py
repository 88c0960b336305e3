"""Logins in words, URLs and options."""

from __future__ import annotations

import re

from policylint.runtime.patterns import pattern

HIDDEN = "***"


SECRET_KEY = pattern(
    r"pass|secret|token|credential|auth|private|api-?_?key|access-?_?key|(^|[._-])key$|cert|dsn",
    re.I,
)


_URL_USER = pattern(r"(?P<scheme>[a-z][a-z0-9+.-]+:/{1,2})[^/\s]+@", re.I)
"""The login of a URL, which may have been taken for a path: up to the last @ before its own
path."""


def without_logins(text: str) -> str:
    """The text with the logins of its URLs hidden."""
    return _URL_USER.sub(rf"\g<scheme>{HIDDEN}@", text) if "@" in text else text
