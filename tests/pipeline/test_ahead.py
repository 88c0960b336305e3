"""What is loaded while helm renders: never anything that a render which is done waits for."""

from __future__ import annotations

import importlib

import pytest

from policylint.pipeline import ahead


class Rendering:
    """One that is done after a number of questions."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    @property
    def is_done(self) -> bool:
        self.looks -= 1
        return self.looks < 0


@pytest.fixture
def loaded(monkeypatch):
    names = []
    monkeypatch.setattr(ahead.importlib, "import_module", names.append)
    return names


@pytest.mark.parametrize("looks", [0, 1, 2])
def test_loading_stops_when_the_render_is_done(loaded, looks):
    ahead.load_ahead(Rendering(looks))
    assert loaded == list(ahead.LATER[:looks])


@pytest.mark.parametrize("name", ahead.LATER)
def test_the_modules_are_there(name):
    assert importlib.import_module(name)
