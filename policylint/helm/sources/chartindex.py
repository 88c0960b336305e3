"""The index of a chart repository: which version a range means, asked again by its ETag alone.

Below the cache: `indexes/KEY` (the index) and `indexes/KEY.tag` (its ETag). Repositories that want
a login are left to helm, which knows it. Source: the chart repository guide of Helm's
documentation; Helm takes the newest version that a range admits (pkg/repo/index.go, Get).
"""

from __future__ import annotations

import hashlib
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from policylint.errors import ReadError
from policylint.helm.values.semver import admits, parse_version
from policylint.kyaml.load import load
from policylint.model import Json

_LARGEST = 100_000_000
_TIME_LIMIT = 30.0
Check = Callable[[str], None]
"""Raises where an address must not be asked."""


def newest(root: Path, url: str, chart: str, constraint: str, check: Check) -> str:
    """The version that a range means in a repository; "" where the index cannot be had this way:
    helm itself may still have it."""
    text = _index(root / "indexes", url.rstrip("/") + "/index.yaml", check)
    try:
        index = _read(text, url)
    except (ReadError, ValueError, RecursionError):
        return ""
    versions = list(_versions(index, chart))
    fitting = [version for version in versions if admits(constraint or "*", version)]
    return max(fitting, key=_order, default="")


def _order(version: str) -> Any:
    parsed = parse_version(version)
    if parsed:
        return parsed.key
    return ()


def _read(text: str, url: str) -> Json:
    read: Json = json.loads(text) if text.lstrip().startswith("{") else load(text, url)
    return read


def _versions(index: Json, chart: str) -> Iterator[str]:
    if isinstance(index, dict):
        entries = index.get("entries")
    else:
        entries = None
    if isinstance(entries, dict):
        listed = entries.get(chart)
    else:
        listed = None
    for entry in listed if isinstance(listed, list) else ():
        if isinstance(entry, dict):
            version = entry.get("version")
        else:
            version = None
        if isinstance(version, str) and parse_version(version):
            yield version


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirect to where the first address could have led too, and no further."""

    def __init__(self, check: Check) -> None:
        self._check = check

    def redirect_request(
        self, req: Any, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        self._check(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _index(folder: Path, url: str, check: Check) -> str:
    """The index as the cache or the repository has it, "" where neither does."""
    kept = folder / hashlib.sha256(url.encode()).hexdigest()
    tag = kept.with_suffix(".tag")
    request = urllib.request.Request(url, headers={"Accept-Encoding": "identity"})  # noqa: S310  http alone: see chart()
    if kept.is_file() and tag.is_file():
        request.add_header("If-None-Match", tag.read_text("utf-8").strip())
    try:
        opener = urllib.request.build_opener(_Redirects(check))
        with opener.open(request, timeout=_TIME_LIMIT) as answer:
            content: bytes = answer.read(_LARGEST)
            new_tag = answer.headers.get("ETag", "")
    except urllib.error.HTTPError as error:
        if error.code == 304:
            return kept.read_text("utf-8")
        return ""
    except (OSError, ValueError):
        return ""
    text = content.decode("utf-8", "replace")
    if new_tag:
        folder.mkdir(parents=True, exist_ok=True)
        kept.write_text(text, "utf-8")
        tag.write_text(new_tag, "utf-8")
    return text
