"""Modules of libraries that are executed without what no run needs: what they do stays the same."""

from __future__ import annotations

import json
import subprocess
import sys

HINTS = """
import typing
from msgspec import Struct, convert, to_builtins
class Pair(typing.TypedDict):
    left: typing.Required[int]
    right: typing.NotRequired[typing.Annotated[str, "a note"]]
class Holder(Struct):
    pair: Pair
held = to_builtins(convert({"pair": {"left": 1}}, Holder))
"""
YAML = """
import yaml, yaml.reader
def refusal(loader):
    try:
        yaml.load("a: \\x00", Loader=loader)
    except yaml.reader.ReaderError as error:
        return str(error).partition("\\n")[0]
words = yaml.safe_load("[2026-01-02, 0x1F, yes, 1.5, 1:30, plain]")
read = [str(word) for word in words], refusal(yaml.SafeLoader), refusal(yaml.CSafeLoader)
"""


def evaluated(script: str, result: str, *, is_lean: bool) -> object:
    """What a process that begins like that, or not, makes of a script."""
    begin = "from policylint.runtime import lean; lean.begin()\n" if is_lean else ""
    more = "import json, sys\nloaded = 'typing_extensions' in sys.modules\n"
    kind = "type(yaml.reader.Reader.NON_PRINTABLE).__name__"
    code = f"{begin}{script}\n{more}import yaml.reader\nprint(json.dumps([{result}, {kind}]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_type_hints_are_read_alike_without_typing_extensions():
    before, _ = evaluated(HINTS, "[held, loaded]", is_lean=False)
    after, _ = evaluated(HINTS, "[held, loaded]", is_lean=True)
    assert before[0] == after[0] == {"pair": {"left": 1}}
    assert after[1] is False


def test_patterns_that_are_compiled_later_match_alike():
    before, kind_before = evaluated(YAML, "read", is_lean=False)
    after, kind_after = evaluated(YAML, "read", is_lean=True)
    assert before == after
    assert (kind_before, kind_after) == ("Pattern", "_Pattern")


def test_the_rest_of_the_process_has_its_modules_as_they_are():
    script = "import yaml, re\nkinds = [type(re.compile('a')).__name__, __import__('re') is re]"
    assert evaluated(script, "kinds", is_lean=True)[0] == ["Pattern", True]
