"""The table of readers: a row for each module, and a scan loads the readers it needs alone."""

from __future__ import annotations

import subprocess
import sys

import pytest

from policylint.runtime.resources import modules
from policylint.scan import readers
from policylint.scan.invocations.reader import Reader
from policylint.scan.repository.registry import reader, wanted


def test_every_module_has_a_row_and_every_row_a_module() -> None:
    assert set(wanted()) == set(modules(readers))


@pytest.mark.parametrize("name", sorted(wanted()))
def test_every_module_holds_a_reader(name: str) -> None:
    assert isinstance(reader(name), Reader)


def test_reading_a_script_loads_no_other_reader() -> None:
    program = (
        "import sys\n"
        "from policylint.scan.repository.registry import read_source\n"
        "from policylint.scan.texts.source import Source\n"
        "assert read_source(Source.of('deploy.sh', b'helm upgrade web ./web'))\n"
        "prefix = 'policylint.scan.readers.'\n"
        "print(*(name for name in sys.modules if name.startswith(prefix)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split() == ["policylint.scan.readers.shell"], done.stderr
