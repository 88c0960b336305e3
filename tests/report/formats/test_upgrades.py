"""Every format on the same twelve upgrades, to be read as its readers would; no secret in it."""

from __future__ import annotations

import re

import pytest

from policylint.report.formats import names, render
from policylint.version import __version__
from tests.report.upgrades import upgrades

SECRETS = ("correct-horse", "another-horse", "hunter2hunter2", "hunter3hunter3")


@pytest.fixture(scope="module")
def reports():
    return dict(upgrades())


def written(name: str, report) -> str:
    text = render(name, report).replace(__version__, "VERSION")
    # The style and the script are the same on every page, and files of their own.
    return re.sub(r"<(style|script)>.*?</\1>|<meta[^>]*Policy[^>]*>", "", text, flags=re.S)


@pytest.mark.parametrize("name", names())
def test_the_twelve_upgrades(name: str, reports, snapshot) -> None:
    assert len(reports) == 12
    texts = {title: written(name, report) for title, report in reports.items()}
    assert texts == snapshot


@pytest.mark.parametrize("name", names())
def test_no_secret_and_no_terminal_escape(name: str, reports) -> None:
    for report in reports.values():
        text = render(name, report)
        assert not [secret for secret in SECRETS if secret in text]
        assert "\x1b" not in text
        assert "##vso[" not in text or name == "json"  # data, escaped as JSON has it
