"""Hostile words in every field of the configuration, the command line and the declarations: no
program of the input runs, nothing is written, no defect shows, and nothing passes for it."""

from __future__ import annotations

import copy
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from policylint.cli.app import run
from tests.helm.sources.repository import Repo
from tests.helms import any_helm
from tests.pipeline.configuration.test_base import REFUSED, chart

pytestmark = pytest.mark.heavy

EXAMPLES = int(os.environ.get("POLICYLINT_FUZZ", "12"))
LIMITED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=not os.environ.get("POLICYLINT_FUZZ"),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
WORDS = st.sampled_from(
    [
        "--post-renderer=./x",
        "--post-renderer",
        "--output-dir=out",
        "--kubeconfig=./x",
        "--upload-pack=./x",
        "-f",
        "--",
        "-",
        "",
        " ",
        ".",
        "..",
        "../..",
        "../../../../etc/passwd",
        "/etc/passwd",
        "/dev/zero",
        "./x",
        "$(./x)",
        "`./x`",
        "; ./x",
        "| ./x",
        "a\nb",
        "a\r\n--debug",
        "a\x00b",
        "\x1b[2J\x1b]0;x\x07",
        "\u202egnp.exe",
        "a" * 5000,
        "a/" * 600,
        "{{ . }}",
        "${x}",
        "%s%n",
        "*",
        "[",
        "git:HEAD",
        "git:--upload-pack=./x",
        "git:HEAD:../x",
        "git:refs/heads/main\x00",
        "release:--kubeconfig=./x/y",
        "oci://-x/y",
        "oci://127.0.0.1:9/x:1",
        "file://../../x",
        "ext::./x",
        "http://127.0.0.1:9/x.tgz",
        "~/x",
        "1e999",
        "null",
        "!!python/object/apply:os.system [./x]",
        "C:\\x",
        "x=--debug",
        "a,b=c,{d",
    ]
)
CONFIG: dict[str, Any] = {
    "releases": [
        {
            "name": "shop",
            "chart": "./shop",
            "namespace": "prod",
            "values": ["own.yaml"],
            "set": ["a=b"],
            "version": "1.0.0",
            "repo": "",
            "kubernetes": "1.34",
            "helm": "3",
            "apply": "client-side",
            "values-mode": "reset",
            "api-versions": ["v1"],
            "environments": {"prod": {"name": "shop", "values": ["own.yaml"], "set": ["c=d"]}},
        }
    ],
    "environments": {"prod": {"kubernetes": "1.34", "rules": {"force-used": "error"}}},
    "kubernetes": "1.34",
    "level": "practice",
    "fail-on": "error",
    "default-branch": "main",
    "select": ["practice"],
    "ignore": ["force-used"],
    "crds": ["crds"],
    "policies": ["policies"],
    "immutable-paths": [{"group": "apps", "kind": "Deployment", "paths": ["spec.x"]}],
    "rules": {"force-used": {"severity": "error"}},
    "scan": {"ignore": ["docs"]},
}
FLUX: dict[str, Any] = {
    "apiVersion": "helm.toolkit.fluxcd.io/v2",
    "kind": "HelmRelease",
    "metadata": {"name": "shop", "namespace": "prod"},
    "spec": {
        "releaseName": "shop",
        "targetNamespace": "prod",
        "chart": {
            "spec": {
                "chart": "./shop",
                "version": "1.0.0",
                "sourceRef": {"kind": "GitRepository", "name": "own", "namespace": "prod"},
                "valuesFiles": ["shop/values.yaml"],
            }
        },
        "values": {"a": "b"},
        "valuesFrom": [{"kind": "ConfigMap", "name": "v", "valuesKey": "k", "targetPath": "x.y"}],
        "postRenderers": [{"kustomize": {"images": [{"name": "x", "newTag": "y"}]}}],
    },
}
SOURCE: dict[str, Any] = {
    "apiVersion": "source.toolkit.fluxcd.io/v1",
    "kind": "GitRepository",
    "metadata": {"name": "own", "namespace": "prod"},
    "spec": {"url": "https://example.com/own.git", "ref": {"branch": "main"}},
}
ARGO: dict[str, Any] = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Application",
    "metadata": {"name": "shop", "namespace": "argocd"},
    "spec": {
        "destination": {"namespace": "prod", "server": "https://kubernetes.default.svc"},
        "source": {
            "repoURL": "https://example.com/own.git",
            "path": "shop",
            "targetRevision": "HEAD",
            "helm": {
                "releaseName": "shop",
                "valueFiles": ["values.yaml"],
                "parameters": [{"name": "a", "value": "b"}],
                "fileParameters": [{"name": "c", "path": "own.yaml"}],
                "values": "a: b",
                "version": "v3",
            },
        },
    },
}
HELMFILE: dict[str, Any] = {
    "repositories": [{"name": "r", "url": "http://127.0.0.1:9"}],
    "releases": [
        {
            "name": "shop",
            "namespace": "prod",
            "chart": "./shop",
            "version": "1.0.0",
            "values": ["own.yaml", {"a": "b"}],
            "set": [{"name": "a", "value": "b"}],
            "hooks": [{"events": ["prepare"], "command": "./x", "args": ["y"]}],
            "postRenderer": "./x",
        }
    ],
}
KUSTOMIZATION: dict[str, Any] = {
    "apiVersion": "kustomize.config.k8s.io/v1beta1",
    "kind": "Kustomization",
    "namespace": "prod",
    "resources": ["a.yaml"],
    "helmGlobals": {"chartHome": "."},
    "helmCharts": [
        {
            "name": "shop",
            "releaseName": "shop",
            "namespace": "prod",
            "version": "1.0.0",
            "repo": "http://127.0.0.1:9",
            "valuesFile": "own.yaml",
            "additionalValuesFiles": ["own.yaml"],
        }
    ],
    "generators": ["g.yaml"],
    "transformers": ["t.yaml"],
    "secretGenerator": [{"name": "s", "envs": ["x.env"], "files": ["k=f"]}],
    "patches": [{"path": "p.yaml"}],
}
DECLARED = {
    "apps/flux.yaml": (FLUX, SOURCE),
    "apps/argo.yaml": (ARGO,),
    "helmfile.yaml": (HELMFILE,),
    "kustomization.yaml": (KUSTOMIZATION,),
}
OPTIONS = [
    *("--before", "--release", "--namespace", "--version", "--repo", "--kube-version"),
    *("--api-versions", "--post-renderer", "--helm-version", "--values-mode", "--live", "--crds"),
    *("--env", "--config", "--config-from", "--values", "--set", "--set-string", "--set-json"),
    *("--set-file", "--set-literal", "--policies", "--select", "--ignore", "--rollback"),
    *("--timeout", "--format", "--helm"),
]


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of each text, and of each key of a mapping (ending with None)."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key, None)
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from leaves(item, (*path, number))
    else:
        yield path


def with_word(document: Any, path: tuple[Any, ...], word: str) -> Any:
    """The document with the word as the text, or the key, at a path."""
    made = copy.deepcopy(document)
    *folders, last = path[:-1] if path[-1] is None else path
    parent = made
    for step in folders:
        parent = parent[step]
    if path[-1] is None:
        parent[word] = parent.pop(last)
    else:
        parent[last] = word
    return made


class Place:
    """A repository on a branch whose claims grow, with programs that nobody may run around."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.repo = Repo(home / "repo").init()
        chart(self.repo)
        for folder in ("", "shop/", "apps/"):
            program = self.repo.file(f"{folder}x", f"#!/bin/sh\ntouch {home}/RAN\ncat\n")
            program.chmod(0o755)
        self.repo.file("own.yaml", "a: b\n")
        self.repo.file("crds/.keep", "")
        self.repo.file("policies/.keep", "")
        self.repo.file("deploy.sh", "helm upgrade shop ./shop -n prod\n")
        self.repo.git("remote", "add", "origin", "https://example.com/own.git")

    def base(self, **files: str) -> None:
        for name, text in files.items():
            self.repo.file(name, text)
        self.repo.commit("base")
        self.repo.git("switch", "--quiet", "--create", "feature")
        self.repo.file("shop/values.yaml", "size: 20Gi\n")

    def files(self) -> dict[str, bytes]:
        paths = (path for path in self.home.rglob("*") if ".git/" not in f"{path}/")
        return {
            str(path): b"" if path.is_dir() else path.read_bytes()
            for path in paths
            if "helm-home" not in path.parts
        }


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    made = Place(tmp_path)
    monkeypatch.chdir(made.repo.top)
    monkeypatch.setenv("POLICYLINT_HELM", any_helm().path)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    monkeypatch.setenv("HOME", str(tmp_path / "helm-home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "helm-home"))
    for kind in ("CACHE", "CONFIG", "DATA"):
        monkeypatch.setenv(f"HELM_{kind}_HOME", str(tmp_path / "helm-home" / kind))
    return made


def outcome(place: Place, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """(exit code, output) of a run that must do nothing else."""
    before = place.files()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))
        code = run(words)
    captured = capsys.readouterr()
    output = captured.out + captured.err
    assert "Traceback" not in output
    assert "an error of policylint itself" not in output, output
    assert code in (0, 1, 2)
    assert "\x1b]0" not in output
    assert place.files() == before
    return code, captured.out


@LIMITED
@given(path=st.sampled_from(list(leaves(CONFIG))), word=WORDS)
@example(path=("releases", 0, "name"), word="--post-renderer=./x")
@example(path=("releases", 0, "chart"), word="--post-renderer=./x")
@example(path=("releases", 0, "values", 0), word="../../../../etc/passwd")
@example(path=("crds", 0), word="/dev/zero")
@example(path=("crds", 0), word="a\x00b")
@example(path=("scan", "ignore", 0), word="[")
@example(path=("default-branch",), word="--upload-pack=./x")
def test_the_configuration(
    place: Place, capsys: pytest.CaptureFixture[str], path: tuple[Any, ...], word: str
) -> None:
    if not (place.repo.top / ".policylint.yaml").exists():
        place.base(**{".policylint.yaml": yaml.safe_dump(CONFIG)})
    place.repo.file(".policylint.yaml", json.dumps(with_word(CONFIG, path, word)))
    code, out = outcome(place, capsys, "check", "--format", "json")
    assert code != 0, (path, word, out)
    outcome(place, capsys, "scan", "--format", "json")


@LIMITED
@given(option=st.sampled_from(OPTIONS), word=WORDS, joined=st.booleans())
@example(option="--before", word="git:HEAD:../x", joined=True)
@example(option="--config", word="/dev/zero", joined=True)
@example(option="--live", word="/dev/zero", joined=True)
@example(option="--values", word="/dev/zero", joined=True)
@example(option="--set-file", word="k=/dev/zero", joined=True)
@example(option="--helm", word="./x", joined=True)
def test_the_command_line(
    place: Place, capsys: pytest.CaptureFixture[str], option: str, word: str, joined: bool
) -> None:
    if not (place.repo.top / ".git" / "refs" / "heads" / "main").exists():
        place.base()
    if option == "--helm" and word in ("./x", "/etc/passwd"):
        return  # it names the program that is run
    words_of_option = [f"{option}={word}"] if joined else [option, word]
    code, out = outcome(place, capsys, "check", "./shop", *words_of_option)
    if option not in ("--ignore", "--select", "--format", "--live"):
        assert code != 0 or option == "--before", (option, word, out)


@LIMITED
@given(word=WORDS, at=st.integers(2, 4))
def test_a_command_that_is_handed_over(
    place: Place, capsys: pytest.CaptureFixture[str], word: str, at: int
) -> None:
    if not (place.repo.top / ".git" / "refs" / "heads" / "main").exists():
        place.base()
    words = ["helm", "upgrade", "shop", "./shop", "-n", "prod"]
    words.insert(at, word)
    code, out = outcome(place, capsys, "check", "--", *words)
    assert code != 0, (word, out)


@LIMITED
@given(
    declared=st.sampled_from(
        [
            (name, number, path)
            for name, documents in DECLARED.items()
            for number, document in enumerate(documents)
            for path in leaves(document)
        ]
    ),
    word=WORDS,
)
def test_the_declarations(
    place: Place,
    capsys: pytest.CaptureFixture[str],
    declared: tuple[str, int, tuple[Any, ...]],
    word: str,
) -> None:
    name, number, path = declared
    if not (place.repo.top / "helmfile.yaml").exists():
        place.base(**{file: yaml.safe_dump_all(documents) for file, documents in DECLARED.items()})
    for file, documents in DECLARED.items():
        every = list(documents)
        if file == name:
            every[number] = with_word(every[number], path, word)
        place.repo.file(file, "---\n".join(json.dumps(document) + "\n" for document in every))
    code, out = outcome(place, capsys, "check", "--offline", "--format", "json")
    kept = [
        release
        for release in json.loads(out or '{"releases": []}')["releases"]
        if release["change"] == "kept"
    ]
    assert code != 0 or not kept, (declared, word)
    refused = [REFUSED in {finding["rule"] for finding in release["findings"]} for release in kept]
    failed = [bool(release["failures"]) or release["verdict"] != "pass" for release in kept]
    assert all(a or b for a, b in zip(refused, failed, strict=True)), (declared, word)
    outcome(place, capsys, "scan", "--format", "json")
    outcome(place, capsys, "releases")
