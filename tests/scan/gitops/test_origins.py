"""Values of a declaration as a text whose lines are the file's."""

from __future__ import annotations

import pytest

from policylint.scan.gitops.origins import block_of

HEAD = "# about\nkind: Application\nspec:\n"
SIZE = {"size": "9Gi"}


@pytest.mark.parametrize(
    ("below", "path", "line"),
    [
        ("  values:\n    size: 9Gi\n", ("spec", "values"), 5),
        ("  values:\n    size: 9Gi", ("spec", "values"), 5),
        ("  values:\n    # why\n    size: 9Gi\n  install: {}\n", ("spec", "values"), 6),
        ("  values: |\n    # why\n\n    size: 9Gi\n  install: {}\n", ("spec", "values"), 7),
        ("  values: |-\n    size: 9Gi\n", ("spec", "values"), 5),
        ("  sources:\n    - {}\n    - values: |\n        size: 9Gi\n", ("spec", "sources", 1), 0),
        (
            "  sources:\n    - {}\n    - values: |\n        size: 9Gi\n    - {}\n",
            ("spec", "sources", 1, "values"),
            7,
        ),
        ("  sources:\n    - values: {size: 9Gi}\n", ("spec", "sources", 0, "values"), 0),
        ('  values: "size: 9Gi"\n', ("spec", "values"), 0),
        ("  values: >\n    size: 9Gi\n", ("spec", "values"), 0),
        ("  values:\n    size: 8Gi\n", ("spec", "values"), 0),
        ("  values:\n    size: 9Gi\n", ("spec", "sources", 3, "values"), 0),
    ],
)
def test_a_block_stands_where_the_file_has_it(
    below: str, path: tuple[str | int, ...], line: int
) -> None:
    block = block_of(HEAD + below, path, SIZE, 2)
    lines = block.splitlines()
    assert [number for number, text in enumerate(lines, 1) if "size" in text] == [line] * (line > 0)
    assert len(lines) == line
