"""What other languages' libraries print is dropped while it is to be unheard, what Python prints is
not."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import os, sys
from policylint.runtime.outputs import Unheard

first, second = Unheard(), Unheard()
os.write(2, b"library 1\\n")
sys.stderr.write("ours 1\\n")
first.end()
os.write(2, b"library 2\\n")
sys.stderr.write("ours 2 \\u2713\\n")
second.end()
os.write(2, b"library 3\\n")
sys.stderr.write("ours 3\\n")
third = Unheard()
os.write(2, b"library 4\\n")
print("ours 4", file=sys.stderr)
"""


def test_only_what_python_prints_is_heard():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert done.stderr.splitlines() == ["ours 1", "ours 2 \u2713", "library 3", "ours 3", "ours 4"]


def test_standard_error_may_be_closed():
    script = (
        "import os; os.close(2)\nfrom policylint.runtime.outputs import Unheard\n"
        "Unheard().end()\nprint('done')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "done\n"


@pytest.mark.parametrize("number", range(5))
def test_an_error_is_said_while_the_embedded_engine_renders(number, tmp_path):
    pytest.importorskip("helm_python")
    chart = tmp_path / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: slow\nversion: 1.0.0\n")
    loop = (
        "{{ range until 300 }}{{ range $j := until 300 }}{{ sha256sum (toString $j) | trunc 0 "
        "}}{{ end }}{{ end }}"
    )
    (chart / "templates" / "a.yaml").write_text(f"{loop}\n")
    words = [
        "check",
        "chart",
        "--before",
        "chart",
        "--helm",
        "embedded",
        "--select",
        "selector-change",
    ]
    command = [sys.executable, "-m", "policylint", *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert "did you mean" in done.stderr
