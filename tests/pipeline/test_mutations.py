"""Odd input never breaks a command: what a reader takes with one part replaced, cut or doubled.

Each run takes a few hundred of them; `make fuzz` takes as many as POLICYLINT_FUZZ says. A failing
one is named by its reader and its seed, which make it again.
"""

from __future__ import annotations

import base64
import copy
import gzip
import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from policylint.cli.app import run
from tests.kubernetes.forecast.test_managers import SCALED
from tests.scan.test_mutations import mutated

STATES = Path(__file__).parents[2] / "fixtures/oracle/states"
ROUNDS = max(1, int(os.environ.get("POLICYLINT_FUZZ", "200")) // 10)
"""Mutations of each reader."""
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 10**30, float("inf"), "", " ", "x", "\0", "\u202e", "1" * 400),
    *([], [None], [[]], [1], ["a", "a"], {}, {"": ""}, {"a": None}, {"name": {}}, [{"name": []}]),
    *("{{ .x }}", "${x}", "../../x", "/dev/stdin", "-x", "2026-13-45", "1e999", "99999999Gi"),
)
FIELDS = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "labels": {"app": "web"}},
    "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": 1}]},
}
CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "shops.example.com"},
    "spec": {
        "group": "example.com",
        "names": {"kind": "Shop", "plural": "shops", "listKind": "ShopList"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "required": ["size"],
                                "properties": {
                                    "size": {"type": "integer", "minimum": 1, "default": 2},
                                    "name": {"type": "string", "pattern": "^[a-z]+$"},
                                },
                                "x-kubernetes-validations": [
                                    {"rule": "self.size < 9", "message": "too large"}
                                ],
                            }
                        },
                    }
                },
            }
        ],
    },
}
SHOP = {
    "apiVersion": "example.com/v1",
    "kind": "Shop",
    "metadata": {"name": "a"},
    "spec": {"size": 3, "name": "abc"},
}
POLICIES = [
    {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "few"},
        "spec": {
            "matchConstraints": {
                "resourceRules": [
                    {
                        "apiGroups": ["apps"],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE", "UPDATE"],
                        "resources": ["deployments"],
                    }
                ]
            },
            "validations": [{"expression": "object.spec.replicas < 5", "message": "many"}],
        },
    },
    {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "few"},
        "spec": {"policyName": "few", "validationActions": ["Deny"]},
    },
    {
        "apiVersion": "kyverno.io/v1",
        "kind": "ClusterPolicy",
        "metadata": {"name": "labels"},
        "spec": {
            "rules": [
                {
                    "name": "r",
                    "match": {"any": [{"resources": {"kinds": ["Deployment"]}}]},
                    "validate": {"message": "m", "pattern": {"metadata": {"labels": {"a": "?*"}}}},
                }
            ]
        },
    },
]
CONFIG = {
    "fail-on": "error",
    "kube-version": "1.34",
    "rules": {"wait-missing": "error"},
    "ignore": ["atomic-missing"],
    "releases": [{"name": "web", "chart": "./web", "namespace": "prod", "values": ["v.yaml"]}],
    "environments": {"production": {"fail-on": "warning"}},
}
WAIVERS = {
    "waivers": [
        {
            "rule": "scaled-to-zero",
            "resource": "Deployment/web",
            "reason": "moved",
            "owner": "team",
            "expires": "2099-12-31",
        }
    ]
}
RULE = {
    "title": "t",
    "severity": "error",
    "validations": [{"expression": "object.metadata.name != 'x'", "message": "m"}],
}
LIVE = {
    **SCALED,
    "metadata": {
        "name": "web",
        "uid": "x",
        "managedFields": [
            {
                "manager": "kubectl",
                "operation": "Update",
                "apiVersion": "apps/v1",
                "time": "2026-01-01T00:00:00Z",
                "fieldsType": "FieldsV1",
                "fieldsV1": {"f:spec": {"f:replicas": {}, "f:template": {"f:spec": {}}}},
            }
        ],
    },
}
SIDES = ("after.yaml", "--before", "before.yaml", "--helm-version", "4")
READERS: dict[str, tuple[Any, str, tuple[str, ...]]] = {
    "manifest": ([SCALED, FIELDS], "after.yaml", ("check", *SIDES)),
    "before": ([SCALED, FIELDS], "before.yaml", ("check", *SIDES)),
    "live": ([LIVE], "live.yaml", ("check", *SIDES, "--live", "live.yaml")),
    "definitions": ([CRD], "crds.yaml", ("check", *SIDES, "--crds", "crds.yaml")),
    "policies": (POLICIES, "p.yaml", ("check", *SIDES, "--policies", "p.yaml")),
    "configuration": ([CONFIG], ".policylint.yaml", ("config",)),
    "configured check": ([CONFIG], ".policylint.yaml", ("check", *SIDES)),
    "waivers": ([WAIVERS], ".policylint/waivers.yaml", ("check", *SIDES)),
    "baseline": (
        [{"schema": "policylint/baseline/v1", "findings": [{"fingerprint": "a", "rule": "b"}]}],
        ".policylint/baseline.json",
        ("check", *SIDES),
    ),
    "lock": (
        [{"schema": "policylint/lock/v1", "packs": [{"git": "x", "ref": "v1", "digest": "y"}]}],
        "policylint.lock",
        ("packs", "verify"),
    ),
    "rule": ([RULE], "rule.yaml", ("test", "rule.yaml")),
    "rules in use": ([RULE], "rules/no-x.yaml", ("check", *SIDES, "--rules", "rules")),
    "history": (
        json.loads((STATES / "helm3-healthy/history.json").read_text()),
        "h.json",
        ("history", "h.json"),
    ),
}


def paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of a value and of everything in it."""
    yield at
    steps: Any = ()
    if isinstance(value, dict):
        steps = value.items()
    elif isinstance(value, list):
        steps = enumerate(value)
    for step, item in steps:
        yield from paths(item, (*at, step))


def replaced(value: Any, chance: random.Random) -> Any:
    """The value with one to three parts replaced by something odd, or taken away."""
    made = copy.deepcopy(value)
    for _ in range(chance.randint(1, 3)):
        path = chance.choice(list(paths(made)))
        if not path:
            continue
        owner = made
        for step in path[:-1]:
            owner = owner[step]
        if chance.random() < 0.2:
            del owner[path[-1]]
        else:
            owner[path[-1]] = copy.deepcopy(chance.choice(ODD))
    return made


def written(documents: list[Any], chance: random.Random) -> bytes:
    """Documents with odd parts as YAML, or as they are with bytes cut, doubled and turned."""
    if chance.random() < 0.7:
        odd = replaced(documents, chance)
        return yaml.safe_dump_all(odd if isinstance(odd, list) else [odd]).encode()
    return mutated(yaml.safe_dump_all(documents).encode(), chance)


def place(name: str, data: bytes) -> None:
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)


def judged(capsys: pytest.CaptureFixture[str], what: str, *words: str) -> int:
    """The exit code of a run that ends as runs may end, whatever it was given."""
    code = run(words)
    printed = capsys.readouterr()
    text = printed.out + printed.err
    assert code in (0, 1, 2), what
    for sign in ("Traceback", "an error of policylint itself", "Error: "):
        assert sign not in text, (what, text[-600:])
    return code


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    changed = copy.deepcopy(SCALED)
    changed["spec"]["replicas"] = 3  # type: ignore[index]
    for name, body in (("before.yaml", SCALED), ("after.yaml", changed)):
        place(name, yaml.safe_dump_all([body, FIELDS, SHOP]).encode())
    return tmp_path


@pytest.mark.parametrize("reader", READERS)
def test_no_mutation_breaks_a_reader(
    room: Path, capsys: pytest.CaptureFixture[str], reader: str
) -> None:
    original, name, words = READERS[reader]
    for seed in range(ROUNDS):
        chance = random.Random(f"{reader} {seed}")
        if name.endswith("h.json"):
            data = json.dumps(replaced(original, chance)).encode()
        else:
            data = written(original, chance)
        place(name, data)
        judged(capsys, f"{reader} {seed}: {data!r}", *words)


def record(release: Any) -> bytes:
    """An exported record that holds a release, as Helm stores it."""
    packed = base64.b64encode(gzip.compress(json.dumps(release).encode()))
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "helm.sh/release.v1",
        "metadata": {
            "name": "sh.helm.release.v1.shop.v1",
            "namespace": "prod",
            "labels": {"owner": "helm", "name": "shop", "version": "1", "status": "deployed"},
        },
        "data": {"release": base64.b64encode(packed).decode()},
    }
    return yaml.safe_dump(secret).encode()


RELEASE = {
    "name": "shop",
    "namespace": "prod",
    "version": 1,
    "info": {"status": "deployed", "last_deployed": "2026-01-01T00:00:00Z", "description": "x"},
    "manifest": yaml.safe_dump(SCALED),
    "config": {"a": {"b": 1}},
    "chart": {
        "metadata": {"name": "shop", "version": "1.0.0", "dependencies": [{"name": "x"}]},
        "values": {"a": 1},
        "templates": [{"name": "templates/a.yaml", "data": "YQ=="}],
    },
    "hooks": [{"name": "h", "kind": "Job", "manifest": "a: b", "events": ["pre-upgrade"]}],
}
USES: tuple[tuple[str, ...], ...] = (
    ("history", "r.yaml"),
    ("check", "after.yaml", "--before", "r.yaml", "--helm-version", "4"),
)


@pytest.mark.parametrize("words", USES)
def test_no_mutation_breaks_a_record(
    room: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    for seed in range(ROUNDS):
        chance = random.Random(f"record {seed}")
        release = replaced(RELEASE, chance)
        place("r.yaml", record(release))
        judged(capsys, f"record {seed}: {release!r}", *words)


GARBAGE: tuple[Callable[[random.Random], bytes], ...] = (
    lambda chance: chance.randbytes(200),
    lambda chance: b"\x1f\x8b" + chance.randbytes(200),
    lambda chance: b"\0" * chance.randint(1, 100),
    lambda chance: "".join(chance.choices("{}[]:,-&*!|>'\"%@` \n", k=60)).encode() + b"{",
)


@pytest.mark.parametrize("reader", sorted(READERS))
def test_garbage_is_never_a_pass(
    room: Path, capsys: pytest.CaptureFixture[str], reader: str
) -> None:
    _, name, words = READERS[reader]
    for seed in range(max(ROUNDS // 5, len(GARBAGE))):
        chance = random.Random(f"{reader} {seed}")
        data = GARBAGE[seed % len(GARBAGE)](chance)
        place(name, data)
        assert judged(capsys, f"{reader} {seed}: {data!r}", *words) == 2, (seed, data)
