"""What holds for every test."""

import atexit
import os
import shutil
import tempfile

from hypothesis import HealthCheck, settings

from policylint.helm.sources import ci

# Speed is judged in bench/: how long an example takes says something of the machine alone.
settings.register_profile("policylint", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("policylint")

# A test says itself which CI system or git hook it runs in: what the suite runs in is not it.
_TABLES = (ci.TARGET_BRANCHES, ci.BASE_COMMITS, ci.BEFORE_COMMITS, ci.DEFAULT_BRANCHES)
_AROUND = (
    *(variable.name for table in _TABLES for variable in table),
    *(name for name, _ in ci.FETCHES),
    *("CI", "GITHUB_REF", "GITHUB_EVENT_PATH", "GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"),
    *("PRE_COMMIT_FROM_REF", "PRE_COMMIT_TO_REF", "CHANGE_FORK", "CHANGE_ID"),
    *("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "SYSTEM_PULLREQUEST_ISFORK"),
)
for _name in _AROUND:
    os.environ.pop(_name, None)

# What one test came to is no other's, nor a user's.
_CACHE = tempfile.mkdtemp(prefix="policylint-tests-")
atexit.register(shutil.rmtree, _CACHE, ignore_errors=True)
os.environ["POLICYLINT_CACHE"] = _CACHE
