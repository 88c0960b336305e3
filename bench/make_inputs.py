"""The inputs of the benches, generated: nothing large is kept in the repository."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

CRDS = 40
FIELDS = 900


def small_charts(room: Path) -> tuple[Path, Path]:
    """The demonstration chart, before and after."""
    demo = Path(__file__).parent.parent / "fixtures" / "demo"
    return demo / "before", demo / "after"


def big_charts(room: Path) -> tuple[Path, Path]:
    """Two charts of about 5 MB of manifests that differ in one value."""
    return _big(room / "before", "1"), _big(room / "after", "2")


def _big(chart: Path, tag: str) -> Path:
    (chart / "templates").mkdir(parents=True)
    (chart / "crds").mkdir()
    (chart / "Chart.yaml").write_text(f"apiVersion: v2\nname: big\nversion: {tag}.0.0\n")
    (chart / "values.yaml").write_text(f"tag: '{tag}'\n")
    for number in range(CRDS):
        (chart / "crds" / f"kind{number}.yaml").write_text(_crd(number))
    for number in range(100):
        (chart / "templates" / f"web{number}.yaml").write_text(
            _deployment(number, "{{ .Values.tag }}")
        )
    return chart


def _crd(number: int) -> str:
    fields = "".join(
        f"                field{index}:\n                  description: How the {index}th part"
        f" of the kind behaves, in a sentence of usual length.\n                  type: string\n"
        for index in range(FIELDS)
    )
    return f"""\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: kind{number}s.bench.example.com
spec:
  group: bench.example.com
  scope: Namespaced
  names:
    kind: Kind{number}
    listKind: Kind{number}List
    plural: kind{number}s
    singular: kind{number}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
{fields}"""


def changed_resources(count: int) -> tuple[str, str]:
    """Two manifests of `count` Deployments whose image differs."""
    before = [_deployment(number, "1") for number in range(count)]
    after = [_deployment(number, "2") for number in range(count)]
    return "---\n".join(before), "---\n".join(after)


def _deployment(number: int, tag: str) -> str:
    return f"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web{number}
  labels: {{app: web{number}, app.kubernetes.io/version: "{tag}"}}
spec:
  replicas: 2
  selector:
    matchLabels: {{app: web{number}}}
  template:
    metadata:
      labels: {{app: web{number}}}
    spec:
      containers:
        - name: web
          image: registry.example.com/web:{tag}
          ports:
            - {{name: http, containerPort: 8080}}
          env:
            - {{name: LEVEL, value: info}}
            - {{name: REGION, value: eu}}
          resources:
            requests: {{cpu: 100m, memory: 128Mi}}
            limits: {{memory: 256Mi}}
          livenessProbe:
            httpGet: {{path: /healthz, port: http}}
"""


def repository(room: Path, files: int) -> Path:
    """A git repository of that many small files, one in a hundred of which runs Helm."""
    tree = room / "tree"
    for number in range(files):
        folder = tree / f"team{number % 40}" / f"app{number % 400}"
        folder.mkdir(parents=True, exist_ok=True)
        name, text = _file(number)
        (folder / name).write_text(text)
    subprocess.run(["git", "init", "-q"], cwd=tree, check=True)
    subprocess.run(["git", "add", "-A"], cwd=tree, check=True)
    return tree


_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec:
      containers:
        - name: web
          image: "nginx:{{ .Values.tag }}"
          resources: {limits: {memory: 64Mi}, requests: {cpu: 10m, memory: 64Mi}}
"""
_SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}}
spec:
  selector: {app: {{ .Release.Name }}}
  ports: [{port: 80}]
"""


def fleet(room: Path, releases: int, charts: int) -> Path:
    """A git repository of small releases that share some charts; a change touches the values of one
    in ten."""
    tree = room / "fleet"
    for number in range(charts):
        templates = tree / "charts" / f"c{number}" / "templates"
        templates.mkdir(parents=True)
        chart = f"apiVersion: v2\nname: c{number}\nversion: 1.0.0\n"
        (templates.parent / "Chart.yaml").write_text(chart)
        (templates.parent / "values.yaml").write_text("replicas: 2\ntag: '1.27'\n")
        (templates / "deployment.yaml").write_text(_DEPLOYMENT)
        (templates / "service.yaml").write_text(_SERVICE)
    (tree / "values").mkdir()
    rows = ["releases:"]
    for number in range(releases):
        values = f"values/r{number}.yaml"
        (tree / values).write_text(f"replicas: {1 + number % 5}\n")
        chart = f"charts/c{number % charts}"
        rows.append(f"  - {{name: r{number}, chart: {chart}, values: [{values}]}}")
    (tree / ".policylint.yaml").write_text("\n".join(rows))
    own = ["git", "-c", "user.name=bench", "-c", "user.email=bench@example.com"]
    subprocess.run([*own, "init", "-q", "-b", "main"], cwd=tree, check=True)
    subprocess.run([*own, "add", "-A"], cwd=tree, check=True)
    subprocess.run([*own, "commit", "-q", "-m", "base"], cwd=tree, check=True)
    for number in range(0, releases, 10):
        (tree / "values" / f"r{number}.yaml").write_text("replicas: 7\n")
    return tree


def _file(number: int) -> tuple[str, str]:
    if number % 100 == 0:
        return (
            f"deploy{number}.sh",
            (
                f"#!/bin/sh\nset -e\nhelm upgrade --install app{number} ./chart -n prod -f "
                "values.yaml\n"
            ),
        )
    if number % 3 == 0:
        return f"config{number}.yaml", f"name: app{number}\nport: {number % 9000}\n" * 20
    if number % 3 == 1:
        return f"module{number}.py", f"def f{number}(x):\n    return x + {number}\n\n\n" * 15
    return f"notes{number}.md", f"# App {number}\n\nWhat it does, and who owns it.\n" * 10


LONG: dict[
    str, Callable[[int], str]
] = {  # files of any length that a careless reader takes ever longer over
    "a.sh": lambda count: "helm upgrade {{ web }} ./web --set a=b\n" * count,
    "glued.sh": lambda count: "helm upgrade web\\\n--install ./web\n" * count,
    "doubled.sh": lambda count: "A=x\n" + 'A="$A$A"\n' * count + "helm upgrade $A ./web\n",
    "branches.sh": lambda count: (
        "if x; then A+=(--set a=b); fi\n" * (count // 10) + 'helm upgrade a b "${A[@]}"\n'
    ),
    "open.sh": lambda count: "cat <<EOF\nhelm upgrade\n" * count,
    "Makefile": lambda count: "ifdef A\nX = $(\nendif\n" * count + "a:\n\thelm upgrade $(X) y\n",
    "a.ps1": lambda count: '$x = @("a",\n@"\nhelm ls $x.y `\n' * count,
    "a.bat": lambda count: "set X=1\nhelm upgrade %X% y ^\n --set a=b\n" * count,
    "justfile": lambda count: 'a x="y":\n  helm upgrade {{x}} y\n' * count,
    "Jenkinsfile": lambda count: '/* """ sh "helm upgrade ${a} ./b"\n' * count,
    "README.md": lambda count: "```sh\nhelm upgrade a b\n```\n" * count,
    ".gitlab-ci.yml": lambda count: "".join(
        f"j{index}:\n  extends: [j{index + 1}, j{index + 2}]\n  script: [helm ls]\n"
        for index in range(count // 10)
    ),
}
