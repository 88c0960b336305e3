"""Generated repositories of many small releases, for what has to hold of fleets."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
  {{- with .Values.note }}
  annotations: {policylint.dev/ignore: "{{ . }}"}
  {{- end }}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: {{ .Values.app | default .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Values.app | default .Release.Name }}}}
    spec:
      containers:
        - name: web
          image: "nginx:{{ .Values.tag }}"
"""
SECRET = """\
apiVersion: v1
kind: Secret
metadata: {name: {{ .Release.Name }}}
stringData: {password: {{ .Values.password | quote }}}
"""
RANDOM = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-random}
data: {word: {{ randAlphaNum 8 | quote }}}
"""
FAILING = '{{ if eq .Values.tag "2" }}{{ fail "no tag 2" }}{{ end }}\n'
LOOKUP = '{{ (lookup "v1" "Secret" "default" "other").data }}\n'
TEMPLATES = {"plain": "", "secret": SECRET, "random": RANDOM, "failing": FAILING, "lookup": LOOKUP}
"""What charts of a kind have beside their Deployment."""
PASSWORD = "correct-horse-battery"


def write_fleet(tree: Path, releases: int, seed: int = 0, more: str = "") -> Path:
    """A git repository with releases of charts of every kind, half of which a change touches: by
    harmless values, by a selector that no server lets change, by comments and annotations that
    waive findings. `more` is added to the configuration."""
    chance = random.Random(seed)
    for kind, template in TEMPLATES.items():
        templates = tree / "charts" / kind / "templates"
        templates.mkdir(parents=True)
        chart = f"apiVersion: v2\nname: {kind}\nversion: 1.0.0\n"
        (templates.parent / "Chart.yaml").write_text(chart)
        values = f"replicas: 2\ntag: '1'\npassword: {PASSWORD}\napp: ''\nnote: ''\n"
        (templates.parent / "values.yaml").write_text(values)
        (templates / "deployment.yaml").write_text(DEPLOYMENT)
        (templates / "more.yaml").write_text(template)
    (tree / "values").mkdir()
    kinds = ["plain", "plain", "secret", *TEMPLATES]
    rows = [more, "releases:"]
    for number in range(releases):
        file = f"values/r{number}.yaml"
        (tree / file).write_text(f"replicas: {number % 5}\n")
        rows.append(
            f"  - {{name: r{number}, chart: charts/{kinds[number % len(kinds)]}, namespace: prod,"
            f" values: [{file}]}}"
        )
    (tree / ".policylint.yaml").write_text("\n".join(rows))
    commit(tree)
    for number in range(0, releases, 2):
        (tree / "values" / f"r{number}.yaml").write_text(_changed(chance, number))
    return tree


def _changed(chance: random.Random, number: int) -> str:
    return chance.choice(
        (
            "replicas: 7\n",
            f"app: other{number}\n",
            f"app: other{number}  # policylint: ignore[selector-changed] ann: replaced by hand\n",
            f"app: other{number}\nnote: 'selector-changed until 2999-01-01 ann: by hand'\n",
            "tag: '2'\n",
        )
    )


def commit(tree: Path) -> None:
    """Make a repository of a directory, with all that is in it in one commit."""
    own = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com"]
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "base"]):
        subprocess.run([*own, *words], cwd=tree, check=True)
