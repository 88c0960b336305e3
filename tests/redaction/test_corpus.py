"""Secrets in the shapes that people write, and what only looks like one: a measure of both."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from policylint.redaction.redactor import Redactor
from policylint.redaction.texts import masked

CORPUS = Path(__file__).parents[2] / "fixtures/redaction"
PART = 8
"""No piece of a secret that is so long may be shown."""


def entries(name: str) -> list[dict[str, str]]:
    lines = (CORPUS / name).read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def shows(text: str, secret: str) -> bool:
    pieces = {secret[at : at + PART] for at in range(max(1, len(secret) - PART + 1))}
    return any(piece in text for piece in pieces)


def test_no_secret_is_shown() -> None:
    secrets = entries("secrets.jsonl")
    assert len(secrets) >= 300
    assert [entry for entry in secrets if shows(masked(entry["text"]), entry["secret"])] == []


def test_no_secret_is_shown_as_a_value_of_a_configuration() -> None:
    redactor = Redactor()
    for entry in entries("secrets.jsonl"):
        shown = redactor.value({"data": {"app.conf": entry["text"]}, "args": [entry["text"]]})
        assert not shows(json.dumps(shown, ensure_ascii=False), entry["secret"]), entry


def test_what_looks_like_a_secret_stays_readable() -> None:
    texts = [entry["text"] for entry in entries("look-alikes.jsonl")]
    assert len(texts) >= 300
    wrongly = [text for text in texts if masked(text) != text]
    assert len(wrongly) <= len(texts) // 100, wrongly


@pytest.mark.parametrize(
    "unit", ["a:", "password=x ", 'password="', "password: |\n  ", "secrets: {", "http://", "a:b@"]
)
def test_long_texts_take_no_more_than_their_length(unit: str) -> None:
    """64 KB, for which a search that begins anew at every key takes a quarter of a minute."""
    text = (unit * 64_000)[:64_000]
    started = time.perf_counter()
    masked(text)
    assert time.perf_counter() - started < 5
