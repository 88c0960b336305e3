"""Write the generated pages and tables, or with --check say which ones are out of date (exit 1)."""

import base64
import json
import sys
from functools import partial
from pathlib import Path

from policylint import checks
from policylint.cel.library import noted, serialized
from policylint.cel.wire import parsed
from policylint.engine.catalogue import as_markdown
from policylint.engine.registry import rule_files, shipped, subjects_of
from policylint.engine.yamlrule import read_rule
from policylint.kyaml.load import load
from policylint.runtime.resources import modules, sizes

ROOT = Path(__file__).parent.parent


def table(source: Path) -> str:
    """A table of the package as JSON: reading its YAML at each start would take ten times as
    long."""
    return (
        json.dumps(
            load(source.read_text(encoding="utf-8"), source.name), indent=0, ensure_ascii=False
        )
        + "\n"
    )


def subjects() -> str:
    """What each check judges, and the size of the file that says so: a run reads this in place of
    the files."""
    noted = {
        "sizes": sizes("checks"),
        "subjects": {name: found for name in modules(checks) if (found := subjects_of(name))},
    }
    return json.dumps(noted, indent=0, sort_keys=True) + "\n"


def rules() -> str:
    """The rules in YAML as JSON, each with its text, and their expressions as the CEL library
    parses them."""
    texts = dict(rule_files())
    found = {
        "rules": {path: {"text": text, "raw": load(text, path)} for path, text in texts.items()},
        "expressions": {
            expression: parsed_expression(expression)
            for path, text in texts.items()
            for expression in read_rule(text, path).check.every
        },
    }
    return json.dumps(found, indent=0, sort_keys=True, ensure_ascii=False) + "\n"


def parsed_expression(expression: str) -> str:
    """A parsed expression in base64, as it was noted if that is the same: the library's bytes are
    in no sure order."""
    known, found = noted().get(expression, ""), serialized(expression)
    same = bool(known) and parsed(base64.b64decode(known)) == parsed(found)
    return known if same else base64.b64encode(found).decode()


PAGES = {
    ROOT / "policylint" / "data" / "rules.json": rules,
    ROOT / "policylint" / "data" / "checks.json": subjects,
    ROOT / "rules" / "README.md": lambda: as_markdown(shipped()),
    **{
        source.with_name(f"{source.name}.json"): partial(table, source)
        for source in sorted((ROOT / "policylint" / "data").glob("*.yaml"))
    },
}


def main() -> int:
    """Write or check every page."""
    stale = [
        path
        for path, make in PAGES.items()
        if not path.exists() or path.read_text(encoding="utf-8") != make()
    ]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is out of date: run make docs")
        return bool(stale)
    for path in stale:
        path.write_text(PAGES[path](), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
