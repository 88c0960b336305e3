"""What every test of sources starts from: no CI and no git hook around it."""

import pytest

from policylint.helm.sources import ci


@pytest.fixture(autouse=True)
def no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = (ci.TARGET_BRANCHES, ci.BASE_COMMITS, ci.BEFORE_COMMITS, ci.DEFAULT_BRANCHES)
    for table in tables:
        for variable in table:
            monkeypatch.delenv(variable.name, raising=False)
    for name, _ in ci.FETCHES:
        monkeypatch.delenv(name, raising=False)
    for name in (
        "CI",
        "GITHUB_REF",
        "GITHUB_EVENT_PATH",
        "GIT_DIR",
        "GIT_INDEX_FILE",
        "GIT_WORK_TREE",
    ):
        monkeypatch.delenv(name, raising=False)
