"""Secrets in the shapes that people write, and what only looks like one: a measure of both."""

from __future__ import annotations

import json
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
    "address",
    ["https://hunter2@charts.example.com/x", "postgres://hunter2@db/app", "oci://hunter2@reg/x"],
)
def test_a_user_without_a_password_may_be_a_token(address: str) -> None:
    assert "hunter2" not in masked(f"cannot reach {address}")


@pytest.mark.parametrize(
    "address",
    [
        "ssh://git@git.example.com/charts",
        "https://git@git.example.com/charts",
        "git+ssh://deploy@git.example.com/charts",
        "https://${TOKEN}@git.example.com/charts",
    ],
)
def test_the_user_of_a_git_remote_is_a_name(address: str) -> None:
    assert masked(f"cannot reach {address}") == f"cannot reach {address}"
