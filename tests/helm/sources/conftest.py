"""What every test of sources starts from: no CI and no git hook around it."""

import pytest

from policylint.helm.sources import ci


@pytest.fixture(autouse=True)
def no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (*ci.TARGET_BRANCHES, *ci.BEFORE_COMMITS):
        monkeypatch.delenv(variable.name, raising=False)
    for name in ("GITHUB_EVENT_PATH", "GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        monkeypatch.delenv(name, raising=False)
