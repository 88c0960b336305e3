"""Records what real helm makes of values cases into fixtures/oracle/modes-more.jsonl.gz.

Run as `python -m tests.helm.values.record` with POLICYLINT_HELM3 and POLICYLINT_HELM4 set.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.helm.values.offline import HelmError, OfflineHelm, discovery, rendered, write_chart

FIXTURE = Path(__file__).parents[3] / "fixtures" / "oracle" / "modes-more.jsonl.gz"
MODES = {"none": (), "reset": ("--reset-values",), "reuse": ("--reuse-values",)}
MODES["reset-then-reuse"] = ("--reset-then-reuse-values",)
KEYS = ("a", "b", "c", "global", "db", "cache", "tags", "exports", "on")
Case = dict[str, Any]


def dependency(name: str, **more: Any) -> Case:
    """An entry of Chart.yaml."""
    return {"name": name, "version": "1.0.0", "repository": "", **more}


def chart(
    values: Any, *charts: Case, dependencies: list[Case] | None = None, name: str = "app"
) -> Case:
    """A chart as `write_chart` takes it."""
    return {"name": name, "values": values, "charts": list(charts), "dependencies": dependencies}


def db(values: Any, *charts: Case, **more: Any) -> Case:
    """A subchart."""
    return chart(values, *charts, name="db", **more)


def handmade() -> Iterator[Case]:
    """Cases that each show one thing."""
    on = [dependency("db", condition="db.enabled")]
    yield _case(
        "condition-off",
        chart({"db": {"enabled": True}}, db({"s": 1}), dependencies=on),
        {"db": {"enabled": False}},
    )
    yield _case(
        "condition-text", chart({"db": {"enabled": "no"}}, db({"s": 1}), dependencies=on), {"x": 1}
    )
    two = [dependency("db", condition="x.on,db.enabled", tags=["t"])]
    yield _case(
        "condition-second",
        chart({}, db({"s": 1}), dependencies=two),
        {"db": {"enabled": False}, "tags": {"t": True}},
    )
    yield _case("tag-off", chart({"tags": {"t": False}}, db({"s": 1}), dependencies=two), {"q": 1})
    alias = [dependency("db", alias="one"), dependency("db", alias="two")]
    yield _case(
        "alias-twice",
        chart({"one": {"s": 3}}, db({"s": 1, "t": 2}), dependencies=alias),
        {"two": {"s": None}},
    )
    imports = [
        dependency("db", **{"import-values": ["pub", {"child": "in", "parent": "out.here"}]})
    ]
    exporting = db({"exports": {"pub": {"port": 1, "z": None}}, "in": {"k": 1}})
    yield _case(
        "import-values",
        chart({"port": 9}, exporting, dependencies=imports),
        {"out": {"here": {"k": 5}}},
    )
    yield _case(
        "import-null",
        chart({}, exporting, dependencies=imports),
        {"port": None, "db": {"in": None}},
    )
    yield _case("null-subchart", chart({"db": {"s": 1}}, db({"s": 2, "n": None})), {"db": None})
    yield _case("null-subchart-undeclared", chart({}, db({"s": 2})), {"db": None})
    yield _case("scalar-subchart", chart({}, db({"s": 2})), {"db": "text"})
    nested = db({"auth": {"user": None, "deep": {"p": None, "q": 1}}})
    yield _case(
        "nested-null-default", chart({"db": {"auth": {"x": 1}}}, nested), {"db": {"auth": {"y": 2}}}
    )
    yield _case(
        "null-over-subchart-default", chart({}, nested), {"db": {"auth": {"deep": {"q": None}}}}
    )
    yield _case(
        "global-null",
        chart({"global": {"a": {"b": 1, "c": 2}}}, db({"global": {"a": {"b": 3, "d": 4}}})),
        {"global": {"a": {"b": None}}},
    )
    yield _case(
        "global-scalar-map",
        chart({"global": {"a": "s"}}, db({"global": {"a": {"b": 3}}})),
        {"global": {"b": {"c": 1}}},
    )
    yield _case("global-not-a-map", chart({"global": "s"}, db({"x": 1})), {"q": 1})
    yield _case(
        "numbers",
        chart({"i": 9007199254740993, "f": 1.0, "e": 1e21}),
        {"n": 12345678901234567890, "m": -1.5e-7},
    )
    deep = db({"x": 1}, chart({"y": 1, "n": None}, name="sub"), dependencies=[dependency("sub")])
    yield _case(
        "two-levels",
        chart({"db": {"sub": {"y": 2}}}, deep, dependencies=on),
        {"db": {"sub": {"y": None}}},
    )
    needs = (
        "kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: needs\ndata:\n"
        "  p: {{ .Values.extra.port | quote }}\n"
    )
    yield _case(
        "missing-key",
        {**chart({"extra": {"port": 1}}), "templates": {"n.yaml": needs}},
        {"x": 1},
        chart({"a": 1}),
    )


def _case(name: str, new: Case, user: Any, old: Case | None = None) -> Case:
    before = old or {**new, "values": {**new["values"], "old": True}}
    return {
        "id": name,
        "old": before,
        "new": new,
        "old_user": user,
        "new_user": {"q": 1, "old": None},
    }


def drawn(seed: int) -> Case:
    """A case drawn at random."""
    dice = random.Random(seed)
    old = _chart(dice, "app", 0)
    new = _chart(dice, "app", 0) if dice.random() < 0.6 else {**old, "values": _values(dice, ())}
    names = ("db", "cache", "second")
    user = _values(dice, names) if dice.random() < 0.7 else {}
    return {
        "id": f"drawn-{seed}",
        "old": old,
        "new": new,
        "old_user": _values(dice, names),
        "new_user": user,
    }


def _value(dice: random.Random, depth: int = 0) -> Any:
    kind = dice.random()
    if kind < 0.15:
        return None
    if kind < 0.5 and depth < 3:
        return {key: _value(dice, depth + 1) for key in dice.sample(KEYS, dice.randint(0, 3))}
    if kind < 0.6:
        return [_value(dice, depth + 1) for _ in range(dice.randint(0, 2))]
    return dice.choice([1, 0, True, False, "s", "", 2.5, 1000000, "1"])


def _values(dice: random.Random, tables: tuple[str, ...]) -> Any:
    table = {key: _value(dice) for key in dice.sample(KEYS, dice.randint(0, 5))}
    for key in (*tables, "global", "tags", "exports"):
        if not isinstance(table.get(key, {}), dict) and dice.random() < 0.9:
            table[key] = {inner: _value(dice) for inner in dice.sample(KEYS, 2)}
    return table


def _chart(dice: random.Random, name: str, depth: int) -> Case:
    inside = [n for n in (("db", "cache"), ("x",), ())[depth] if dice.random() < 0.7]
    charts = [_chart(dice, n, depth + 1) for n in inside]
    wishes = None
    if dice.random() < 0.7:
        wishes = [_wish(dice, n) for n in inside if dice.random() < 0.85]
    return chart(_values(dice, tuple(inside)), *charts, dependencies=wishes, name=name)


def _wish(dice: random.Random, name: str) -> Case:
    wish = dependency(
        name, version=dice.choice(["1.0.0", "1.0.0", "^1.0", "*", "1.x", ">=1", "", "2.x"])
    )
    if dice.random() < 0.4:
        wish["condition"] = dice.choice(["db.a", "a", "db.on", "cache.on", "x.on", "b.c,a", "a,b"])
    if dice.random() < 0.3:
        wish["tags"] = dice.sample(["a", "b"], dice.randint(1, 2))
    if dice.random() < 0.25:
        wish["alias"] = "second" if name == "db" else "third"
    if dice.random() < 0.4:
        wanted = ["a", "b", {"child": "a", "parent": "a"}, {"child": "exports", "parent": "b.c"}]
        wish["import-values"] = dice.sample(wanted, dice.randint(1, 2))
    return wish


def rows(case: Case, helm: OfflineHelm, line: str, folder: Path) -> Iterator[Case]:
    """What helm says to one case under every mode."""
    for side in ("old", "new"):
        write_chart(folder / side, case[side])
        (folder / f"{side}.json").write_text(json.dumps(case[f"{side}_user"]))
    new_values = ("-f", str(folder / "new.json")) if case["new_user"] else ()
    try:
        release = helm.install(folder / "old", folder / "old.json")
    except HelmError as error:
        yield {**case, "helm": line, "mode": "install", "error": _message(error, folder)}
        return
    for mode, flags in MODES.items():
        row = {**case, "helm": line, "mode": mode}
        try:
            upgraded = helm.upgrade(release, folder / "new", *flags, *new_values)
        except HelmError as error:
            yield {**row, "error": _message(error, folder)}
            continue
        everything = helm.all_values(upgraded)
        yield {
            **row,
            "user_values": upgraded.get("config"),
            "all_values": everything,
            "rendered": rendered(upgraded),
        }


def _message(error: HelmError, folder: Path) -> str:
    return str(error).replace(str(folder), "")


def main() -> None:
    """Write the fixture anew."""
    cases = [*handmade(), *(drawn(seed) for seed in range(40))]
    collected = []
    with discovery() as server:
        for case in cases:
            for line in ("3", "4"):
                with tempfile.TemporaryDirectory() as name:
                    helm = OfflineHelm(os.environ[f"POLICYLINT_HELM{line}"], server, Path(name))
                    collected += rows(case, helm, line, Path(name))
    text = "".join(json.dumps(row, sort_keys=True) + "\n" for row in collected)
    FIXTURE.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
