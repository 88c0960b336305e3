"""RFC 6902 JSON Patch of one resource's change, for tools that apply it."""

from __future__ import annotations

import json

from policylint.model import Json

Operation = dict[str, Json]


def patch(before: Json, after: Json) -> list[Operation]:
    """The operations that make `after` of `before`.

    The library's patch is tried first; where it would not give exactly the after object (it takes
    true for 1), the whole value is replaced.
    """
    import jsonpatch

    operations: list[Operation] = json.loads(jsonpatch.make_patch(before, after).to_string())
    made = jsonpatch.apply_patch(before, operations)
    if exactly(made, after):
        return operations
    return [{"op": "replace", "path": "", "value": after}]


def exactly(left: Json, right: Json) -> bool:
    """Whether two values are the same JSON, true and 1 told apart."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)
