"""The words by which a text is looked at for tokens: every token holds one of its own."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis.strategies import data, from_regex

from policylint.redaction.shapes import _TOKENS, shape_spans


@pytest.mark.parametrize(("words", "token"), _TOKENS, ids=[words for words, _ in _TOKENS])
@given(data=data())
@settings(max_examples=15, deadline=None)
def test_a_token_holds_one_of_its_words_and_is_found(words, token, data):
    address, _, shape = token.rpartition(")") if token.startswith("(?<=") else ("", "", token)
    start = address.removeprefix("(?<=").replace("\\", "")
    text = start + data.draw(from_regex(rf"\A{shape}\Z", fullmatch=True))
    assert any(word in text for word in words.split())
    first = min(shape_spans(f"a {text} b"))
    assert first[0] <= 2 + len(start) < first[1]
