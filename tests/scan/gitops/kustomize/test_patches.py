"""Which objects a patch's target selects: expressions as Go's regexp reads them."""

from __future__ import annotations

import pytest

from policylint.scan.gitops.kustomize.patches import PatchError, selects
from policylint.scan.gitops.tree import Item


def item(name: str) -> Item:
    return Item({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}}, "web.yaml")


@pytest.mark.parametrize(
    ("wanted", "selected"),
    [
        ("web", True),
        ("we", False),
        ("w.*", True),
        ("api|web", True),
        ("[[:alpha:]]+", True),
        ("e", False),
    ],
)
def test_a_name(wanted: str, selected: bool) -> None:
    assert selects({"name": wanted}, item("web")) is selected


def test_an_expression_that_backtracks_ends() -> None:
    assert not selects({"name": "(a+)+b"}, item("a" * 60))


def test_what_go_does_not_read_is_refused() -> None:
    with pytest.raises(PatchError, match="no expression"):
        selects({"name": "(?=web)web"}, item("web"))
