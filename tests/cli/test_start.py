"""What is loaded before helm starts: whoever waits for the two renders waits for that too."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helms import helm

DEMO = Path(__file__).parents[2] / "fixtures" / "demo"
LATER = (
    "policylint.cel",
    "policylint.checks",
    "policylint.engine.judging",
    "policylint.engine.registry",
    "policylint.engine.waivers",
    "policylint.advice",
    "policylint.kubernetes.crds",
    "policylint.kubernetes.forecast",
    "policylint.kubernetes.manifests",
    "policylint.kubernetes.policies",
    "policylint.kubernetes.validity",
    "policylint.kyaml.values",
    "policylint.helm.engines.embedded",
    "policylint.pipeline.configuration.base",
    "policylint.pipeline.configuration.configfile",
    "policylint.pipeline.judging.judge",
    "policylint.pipeline.whole",
    "policylint.pipeline.blame",
    "policylint.scan.readers",
    "policylint.scan.texts",
    "ast",
    "hashlib",
    "inspect",
    "logging",
    "ruamel",
    "tarfile",
    "tempfile",
    "typer",
    "typing_extensions",
    "yaml",
)
"""What the stages after the start of helm take, and what takes long to load."""
STOP_AT_HELM = """
import json, os, sys

def heard(event, arguments):
    if event == "subprocess.Popen" and os.path.basename(str(arguments[0])) == "helm":
        sys.stderr.write(json.dumps(sorted(sys.modules)))
        sys.stderr.flush()
        os._exit(0)

sys.addaudithook(heard)
from policylint.__main__ import main
main()
"""


@pytest.fixture(scope="module")
def loaded() -> list[str]:
    words = ["check", DEMO / "after", "--before", DEMO / "before", "--helm", helm("4").name]
    done = subprocess.run(
        [sys.executable, "-c", STOP_AT_HELM, *map(str, words), "--release", "shop"],
        capture_output=True,
        text=True,
        check=False,
    )
    return json.loads(done.stderr)


@pytest.mark.parametrize("module", LATER)
def test_it_is_loaded_once_helm_renders(loaded, module):
    assert "policylint.helm.engines.binary" in loaded
    assert [name for name in loaded if f"{name}.".startswith(f"{module}.")] == []
