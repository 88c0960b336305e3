"""Write the generated pages, or with --check say which ones are out of date (exit 1)."""

import sys
from pathlib import Path

from policylint.engine.catalogue import as_markdown
from policylint.engine.registry import shipped

ROOT = Path(__file__).parent.parent
PAGES = {ROOT / "rules" / "README.md": lambda: as_markdown(shipped())}


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
