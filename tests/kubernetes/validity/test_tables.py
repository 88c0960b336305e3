"""The checks that are loaded by name: each name leads to one."""

from __future__ import annotations

import pytest

from policylint.kubernetes.api.schemas import Node, schemas
from policylint.kubernetes.validity.tables import _STRUCTS, checks_of


@pytest.mark.parametrize("struct", sorted(_STRUCTS))
def test_the_check_of_a_struct_is_there(struct):
    module, _, function = _STRUCTS[struct].partition(".")
    own = checks_of(struct, Node({}, schemas("1.34")))[-1]
    assert (own.__module__.rpartition(".")[2], own.__name__) == (module, function)
