"""Numbers from outside: any number of digits, of any script, and no digits at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policylint.cli.app import run
from policylint.runtime.digits import BEYOND, whole, whole_or

ODD = {
    "superscript": "²",
    "another script": "٣",
    "full width": "１",
    "many digits": "9" * 5000,
    "many zeros": "0" * 5000 + "1",
    "hexadecimal": "0x" + "f" * 5000,
    "two signs": "--5",
    "sign alone": "-",
}


@given(st.integers(min_value=1 - BEYOND, max_value=BEYOND - 1))
def test_a_number_is_itself(number: int) -> None:
    assert whole(str(number)) == number
    assert whole(f"{number:+025d}") == number


@given(st.text(alphabet=st.characters(categories=["Nd", "No", "Lu", "Zs"]), min_size=1))
def test_what_is_no_number_in_ascii_is_none(text: str) -> None:
    assert (whole(text) is None) == (not text.isascii() or not text.isdigit())


def test_what_is_beyond_counting_is_large() -> None:
    assert whole("9" * 5000) == BEYOND
    assert whole("-" + "9" * 5000) == -BEYOND
    assert whole_or("x", 7) == 7


def pipelines(number: str) -> dict[str, str]:
    """Files of each kind with the number wherever one may stand."""
    helm = f"helm upgrade a ./c --history-max {number} --timeout {number} --version {number}"
    return {
        "deploy.sh": f"{helm} --kube-version {number} --set a[{number}]={number}\n"
        f"set -- a b\nshift {number}\nhelm upgrade ${{@:{number}}} ${number} ./c\n"
        f"arr=(a b); helm upgrade ${{arr[{number}]}} ./c\n",
        ".gitlab-ci.yml": f"d:\n  timeout: {number}m\n  parallel: {number}\n  script: [{helm}]\n",
        ".github/workflows/a.yaml": "on: push\njobs:\n  a:\n    runs-on: x\n"
        f"    timeout-minutes: {number}\n    steps:\n    - run: {helm}\n",
        "main.tf": 'resource "helm_release" "a" {\n  name = "a"\n  chart = "./c"\n'
        f"  timeout = {number}\n  max_history = {number}\n  count = {number}\n"
        f"  values = [var.a[{number}]]\n}}\n",
        "deploy.ts": f"new k8s.helm.v3.Release('a', {{chart: './c', timeout: {number}}});\n",
        "helmfile.yaml": f"releases:\n- name: a\n  chart: ./c\n  timeout: {number}\n"
        f"  historyMax: {number}\n  version: '{number}'\n",
        "hr.yaml": "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
        f"metadata: {{name: x}}\nspec: {{timeout: '{number}', maxHistory: '{number}', "
        "chart: {spec: {chart: ./c, sourceRef: {kind: GitRepository, name: r}}}}\n",
        "set.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\n"
        "metadata: {name: x}\nspec:\n  goTemplate: true\n"
        "  generators: [{list: {elements: [{a: b}]}}]\n  template:\n"
        f"    metadata: {{name: 'a{{{{ index .a {number} }}}}'}}\n"
        "    spec: {source: {path: c, repoURL: https://x}}\n",
        "Jenkinsfile": f"pipeline {{ options {{ timeout(time: {number}, unit: 'HOURS') }}\n"
        f"stages {{ stage('x') {{ steps {{ sh '{helm}' }} }} }} }}\n",
        "fleet.yaml": f"helm: {{chart: ./c, timeoutSeconds: '{number}', maxHistory: '{number}'}}\n",
        "c/Chart.yaml": f"apiVersion: v2\nname: c\nversion: 1.0.0\nkubeVersion: '>={number}'\n",
        "c/templates/job.yaml": "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: x\n"
        "  annotations:\n    helm.sh/hook: pre-upgrade\nspec:\n"
        f"  activeDeadlineSeconds: {number}\n  template: {{}}\n",
    }


@pytest.mark.parametrize("number", ODD.values(), ids=ODD)
@pytest.mark.parametrize("command", ["scan", "releases", "doctor"])
def test_no_number_of_a_pipeline_stops_a_run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    number: str,
) -> None:
    for name, text in pipelines(number).items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    assert run([command, "--format", "json"]) in (0, 1, 2)
    output = capsys.readouterr()
    document = json.loads(output.out)
    assert "an error of policylint itself" not in output.err
    assert "could not judge this: " not in json.dumps(document.get("failures", []))
