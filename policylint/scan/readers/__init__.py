"""One module a kind of file: what in it runs or declares Helm releases.

`WANTED` has a row for each module of this package, by its name: the facts by which a file finds its
readers, so that only those are loaded. A reader whose files no such fact can tell has a `wants` of
its own that has the last word.
"""

from __future__ import annotations

from policylint.runtime.patterns import pattern
from policylint.scan.declarations.groups import api_groups
from policylint.scan.invocations.reader import Files, Wanted
from policylint.scan.texts.languages import TEXT, YAML

_YAML = (".yaml", ".yml")
_SHEBANG = pattern(
    r"#!\s*\S*?(?:/|\s)(?:env\s+(?:-S\s+)?)?(?:ba|z|k|a|da)?sh\b|#!/usr/bin/(?:env )?bats\b"
    r"|#!\S+/with-contenv"
)
_CI = Files(ends=_YAML, words=("helm",))
"""YAML that names helm; which CI it is for, the reader tells."""

_IN_PROGRAMS = ('"helm', "'helm", "`helm", "/helm")
"""How a text begins in a program that runs helm."""

WANTED = {
    "ansible": Wanted(Files(_YAML, words=("helm:", "helm :", 'helm":', "helm':"))),
    "azure": Wanted(_CI, rank=1),
    "batch": Wanted(Files(ends=(".bat", ".cmd")), rank=1),
    "cdk8s": Wanted(Files(ends=(".ts", ".js", ".mjs", ".py"), words=("Helm",))),
    "circleci": Wanted(_CI, rank=1),
    "crontab": Wanted(Files(ends=(".cron",), parts=("crontab", "/cron.d/")), rank=1),
    "dockerfile": Wanted(
        Files(
            names=("dockerfile", "containerfile"),
            starts=("dockerfile.", "dockerfile-", "containerfile."),
            ends=(".dockerfile", ".containerfile"),
        ),
        rank=1,
    ),
    "fleet": Wanted(Files(starts=("fleet.yaml", "fleet.yml"), words=("helm:",))),
    "github": Wanted(_CI, rank=1),
    "gitlab": Wanted(_CI, rank=2),
    "helmfile": Wanted(Files(_YAML, words=("releases:",))),
    "jenkins": Wanted(
        Files(ends=(".jenkins", ".pipeline"), parts=("jenkinsfile",)),
        Files(ends=(".groovy", ".gvy"), words=("helm",)),
        rank=1,
    ),
    "just": Wanted(Files(names=("justfile", ".justfile"), ends=(".just",)), rank=1),
    "kubernetes": Wanted(Files((*YAML, *TEXT, ""), words=api_groups())),
    "kustomize": Wanted(Files(_YAML, words=("helmChart", "HelmChartInflationGenerator"))),
    "make": Wanted(
        Files(
            names=("makefile", "gnumakefile"),
            starts=("makefile.", "makefile-"),
            ends=(".mk", ".mak", ".make"),
        ),
        rank=1,
    ),
    "markdown": Wanted(
        Files(
            ends=tuple(
                f"{suffix}{template}"
                for suffix in (".md", ".markdown", ".mdx", ".mdown")
                for template in ("", ".gotmpl", ".tmpl")
            ),
            words=("helm",),
        ),
        rank=1,
    ),
    "package_json": Wanted(Files(names=("package.json",)), rank=1),
    "pipelines": Wanted(Files(ends=(*_YAML, ".yaml.j2", ".yml.j2"), words=("helm",)), rank=3),
    "powershell": Wanted(Files(ends=(".ps1", ".psm1")), rank=1),
    "programs": Wanted(
        Files(ends=(".py", ".go", ".js", ".mjs", ".cjs", ".ts"), words=_IN_PROGRAMS)
    ),
    "pulumi": Wanted(
        Files(ends=_YAML, words=("kubernetes:helm.sh/",)),
        Files(ends=(".py",), words=("pulumi_kubernetes",)),
        Files(ends=(".ts", ".js", ".mjs"), words=("@pulumi/kubernetes",)),
    ),
    "shell": Wanted(
        Files(
            ends=(
                *(".sh", ".bash", ".zsh", ".ksh", ".ash", ".dash", ".bats", ".command"),
                *(".envrc", ".profile", ".bashrc", ".zshrc"),
            )
        ),
        Files(begins=_SHEBANG),
        rank=1,
    ),
    "skaffold": Wanted(Files(_YAML, words=("skaffold/v",))),
    "terraform": Wanted(
        Files(
            (".tf", ".tofu", ".hcl", ".sh", ".bash", ".yaml", ".yml", ""), words=("helm_release",)
        ),
        Files((".tf", ".tofu"), words=("apiVersion",)),
    ),
    "terraform_commands": Wanted(Files(ends=(".tf", ".tofu"), words=("-exec",))),
    "terraform_json": Wanted(Files((".json",), words=("helm_release",))),
    "werf": Wanted(Files(starts=("werf",), words=("deploy:",))),
}
