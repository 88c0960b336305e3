"""Admission policies against the recorded answers of a real API server."""

import pytest

from scripts.score_policies import recordings, scored


@pytest.mark.heavy
def test_every_answer_is_the_servers_or_unknown(capsys):
    _, recording = next(iter(recordings()))
    counted = scored(recording, verbose=False)
    assert counted["wrong"] == 0, capsys.readouterr().out
    assert counted["equal"] > 1200
    assert counted["unknown"] < counted["equal"] / 20
