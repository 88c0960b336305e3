"""A change that one field of a declaration makes dangerous: it is told, or unknown by its name.

Each case is a repository of one chart, whose value `tier` is a Deployment's selector, and a change
of one file.
"""

from pathlib import Path

import pytest

from tests.pipeline.test_declared import checked, commit, git

CHART = {
    "Chart.yaml": "{apiVersion: v2, name: web, version: 1.0.0}\n",
    "values.yaml": "tier: a\n",
    "values-large.yaml": "tier: large\n",
    "templates/d.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {tier: "{{ .Values.tier }}"}}
  template:
    metadata: {labels: {tier: "{{ .Values.tier }}"}}
    spec: {containers: [{name: web, image: "web:1.0"}]}
""",
}
REFUSED = "error[selector-changed]"
PASSED = ""


def chart(folder="charts/web", **files):
    return {f"{folder}/{name}": text for name, text in {**CHART, **files}.items()}


def judged(capsys, tmp_path, monkeypatch, base, change):
    """(exit code, every rule with its severity and every unknown with its words, the notes)."""
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    put({**chart(), **base})
    commit()
    put(change)
    code, report = checked(capsys)
    rows = [report, *report["releases"]]
    told = [f"{row['severity']}[{row['rule']}]" for release in rows for row in release["findings"]]
    told += [f"unknown: {row['message']}" for release in rows for row in release["failures"]]
    notes = [note for row in report["releases"] for note in row["evidence"].get("notes", [])]
    return code, told, notes


def put(files):
    for name, text in files.items():
        file = Path(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")


def holds(code, told, expected):
    """Whether a run says what is expected, and nothing of it is a pass."""
    if expected == PASSED:
        return (code, told) == (0, [])
    return code == (1 if expected == REFUSED else 2) and any(expected in row for row in told)


APPS = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {path: ./apps, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}
"""
SOURCE = "sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}"


def release(more="", chart="charts/web", values="{}", files=""):
    return f"""\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: web, namespace: prod}}
spec:
  chart: {{spec: {{chart: ./{chart}, {files}{SOURCE}}}}}
  values: {values}
  upgrade: {{remediation: {{retries: 1}}}}
  driftDetection: {{mode: enabled}}
{more}"""


def config(tier):
    return f"{{apiVersion: v1, kind: ConfigMap, metadata: {{name: c, namespace: prod}}, {tier}}}\n"


FROM = "  valuesFrom: [{kind: ConfigMap, name: c, valuesKey: tier, targetPath: tier}]\n"
OPTIONAL = "  valuesFrom: [{kind: ConfigMap, name: c, optional: true}]\n"
OWN = "valuesFiles: [./charts/web/values.yaml, ./charts/web/values-large.yaml], "
ALONE = "valuesFiles: [./charts/web/values-large.yaml], "
MISSING = "valuesFiles: [./charts/web/values.yaml, ./gone.yaml], "
IGNORED = f"{MISSING}ignoreMissingValuesFiles: true, "
FLUX = {
    "values": ({}, {"apps/web.yaml": release(values="{tier: b}")}, REFUSED),
    "targetPath": (
        {"apps/web.yaml": release(FROM), "apps/c.yaml": config("data: {tier: a}")},
        {"apps/c.yaml": config("data: {tier: b}")},
        REFUSED,
    ),
    "an optional object that comes": (
        {"apps/web.yaml": release(OPTIONAL)},
        {"apps/c.yaml": config("data: {values.yaml: 'tier: b'}")},
        REFUSED,
    ),
    "valuesFiles after the chart's own": (
        {"apps/web.yaml": release(files=OWN)},
        {"charts/web/values-large.yaml": "tier: b\n"},
        REFUSED,
    ),
    "valuesFiles in place of the chart's own": (
        {},
        {"apps/web.yaml": release(files=ALONE)},
        "valuesFiles (./charts/web/values-large.yaml)",
    ),
    "valuesFiles that are missing": (
        {},
        {"apps/web.yaml": release(files=MISSING)},
        "gone.yaml of valuesFiles is not there",
    ),
    "valuesFiles that may be missing": ({}, {"apps/web.yaml": release(files=IGNORED)}, PASSED),
    "kubeConfig": (
        {},
        {"apps/web.yaml": release("  kubeConfig: {secretRef: {name: other}}\n")},
        "kubeConfig changes",
    ),
    "persistentClient": ({}, {"apps/web.yaml": release("  persistentClient: false\n")}, PASSED),
}


@pytest.mark.parametrize("name", FLUX)
def test_a_field_of_flux(capsys, tmp_path, monkeypatch, name):
    base, change, expected = FLUX[name]
    files = {"clusters/prod/apps.yaml": APPS, "apps/web.yaml": release()}
    code, told, _ = judged(capsys, tmp_path, monkeypatch, {**files, **base}, change)
    assert holds(code, told, expected), (code, told)


@pytest.mark.parametrize(
    ("change", "note"),
    [
        (
            {"apps/web.yaml": release("  dependsOn: [{name: db}]\n")},
            "waits for HelmRelease prod/db",
        ),
        ({"apps/web.yaml": release("  serviceAccountName: me\n")}, "serviceAccountName changes"),
        (
            {"apps/web.yaml": release("  storageNamespace: other\n")},
            "storageNamespace changes from prod to other: Flux uninstalls",
        ),
        (
            {
                **chart("charts/other", **{"Chart.yaml": CHART["Chart.yaml"].replace("web", "x")}),
                "apps/web.yaml": release(chart="charts/other"),
            },
            "chart.name changes from web to x: Flux uninstalls",
        ),
    ],
)
def test_what_flux_does_beside_rendering_is_told(capsys, tmp_path, monkeypatch, change, note):
    base = {"clusters/prod/apps.yaml": APPS, "apps/web.yaml": release()}
    _, _, notes = judged(capsys, tmp_path, monkeypatch, base, change)
    assert any(note in row for row in notes), notes


def test_a_release_that_is_installed_anew_is_deleted_and_created(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    put({**chart(), "clusters/prod/apps.yaml": APPS, "apps/web.yaml": release()})
    commit()
    put({"apps/web.yaml": release("  storageNamespace: other\n")})
    _, report = checked(capsys)
    changes = [[row["change"] for row in release["changes"]] for release in report["releases"]]
    assert changes == [["deleted"], ["created"]]


@pytest.mark.parametrize("prune", ["true", "false"])
@pytest.mark.parametrize(
    "target", ["releaseName: site", "targetNamespace: site", "storageNamespace: site"]
)
def test_a_helmrelease_that_means_another_release_is_installed_anew(
    capsys, tmp_path, monkeypatch, target, prune
):
    apps = APPS.replace("prune: true", f"prune: {prune}")
    base = {"clusters/prod/apps.yaml": apps, "apps/web.yaml": release()}
    change = {"apps/web.yaml": release(f"  {target}\n")}
    _, told, _ = judged(capsys, tmp_path, monkeypatch, base, change)
    assert told == ["warning[flux-reinstalls]"]


def test_a_helmrelease_under_another_name_uninstalls_the_release_that_it_keeps(
    capsys, tmp_path, monkeypatch
):
    named = release("  releaseName: web\n")
    base = {"clusters/prod/apps.yaml": APPS, "apps/web.yaml": named}
    change = {"apps/web.yaml": named.replace("{name: web, ", "{name: site, ")}
    _, told, _ = judged(capsys, tmp_path, monkeypatch, base, change)
    assert told == ["warning[flux-reinstalls]"]


@pytest.mark.parametrize(
    ("prune", "expected"), [("true", ["warning[flux-owner-changed]"]), ("false", [])]
)
def test_a_kustomization_under_another_name_may_prune_what_the_old_one_applied(
    capsys, tmp_path, monkeypatch, prune, expected
):
    apps = APPS.replace("prune: true", f"prune: {prune}")
    base = {"clusters/prod/apps.yaml": apps, "apps/web.yaml": release()}
    change = {"clusters/prod/apps.yaml": apps.replace("{name: apps,", "{name: shop,")}
    _, told, _ = judged(capsys, tmp_path, monkeypatch, base, change)
    assert told == expected


def test_a_helmrelease_that_is_not_pruned_moves_as_it_is(capsys, tmp_path, monkeypatch):
    kept = "annotations: {kustomize.toolkit.fluxcd.io/prune: disabled}}"
    named = release("  releaseName: web\n").replace(
        "namespace: prod}", f"namespace: prod, {kept}", 1
    )
    base = {"clusters/prod/apps.yaml": APPS, "apps/web.yaml": named}
    change = {"clusters/prod/apps.yaml": APPS.replace("{name: apps,", "{name: shop,")}
    code, told, _ = judged(capsys, tmp_path, monkeypatch, base, change)
    assert (code, told) == (0, [])


def test_what_flux_does_after_a_failure_is_judged(capsys, tmp_path, monkeypatch):
    claim = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""
    held = chart(**{"templates/claim.yaml": claim})
    base = {**held, "clusters/prod/apps.yaml": APPS, "apps/web.yaml": release()}
    uninstalls = release().replace("retries: 1", "retries: 1, strategy: uninstall")
    change = {"apps/web.yaml": uninstalls}
    _, told, _ = judged(capsys, tmp_path, monkeypatch, base, change)
    assert told == ["warning[flux-remediation-uninstalls]"]


def test_a_file_that_nothing_applies_any_more_is_an_uninstall_alone(capsys, tmp_path, monkeypatch):
    files = {"clusters/prod/apps.yaml": APPS, "apps/web.yaml": release()}
    base = {**files, "apps/kustomization.yaml": "resources: [web.yaml]\n"}
    _, told, notes = judged(
        capsys, tmp_path, monkeypatch, base, {"apps/kustomization.yaml": "resources: []\n"}
    )
    assert not any(row.startswith("unknown") for row in told), told
    assert any("this is its uninstall" in note for note in notes)
    assert not any("is new since" in note for note in notes)


def application(helm="{}", source="", more=""):
    repository = 'repoURL: "https://git.example.com/x.git", path: charts/web, targetRevision: main'
    return f"""\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: web, namespace: argocd}}
spec:
  destination: {{server: "https://kubernetes.default.svc", namespace: prod}}
  source: {{{repository}, helm: {helm}{source}}}
{more}"""


def of_set(generators, helm='{valuesObject: {tier: "{{ .tier }}"}}', more=""):
    repository = 'repoURL: "https://git.example.com/x.git", path: charts/web, targetRevision: main'
    return f"""\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {{name: apps, namespace: argocd}}
spec:
  goTemplate: true
  generators: [{generators}]
{more}  template:
    metadata: {{name: '{{{{ .name }}}}'}}
    spec:
      destination: {{server: "https://kubernetes.default.svc", namespace: prod}}
      source: {{{repository}, helm: {helm}}}
"""


def elements(tier):
    return f"list: {{elements: [{{name: web, tier: {tier}}}]}}"


OVERRIDE = "helm: {parameters: [{name: tier, value: b}]}\n"
FILE = "{fileParameters: [{name: tier, path: tier.txt}]}"
STRICT = '  goTemplateOptions: ["missingkey=error"]\n'
LATE = "{valueFiles: [late.yaml], ignoreMissingValueFiles: true}"
ARGO = {
    "valuesObject": ({}, {"web.yaml": application("{valuesObject: {tier: b}}")}, REFUSED),
    "values": ({}, {"web.yaml": application("{values: 'tier: b'}")}, REFUSED),
    "parameters": (
        {},
        {"web.yaml": application("{parameters: [{name: tier, value: b}]}")},
        REFUSED,
    ),
    "fileParameters": (
        {"web.yaml": application(FILE), "charts/web/tier.txt": "a"},
        {"charts/web/tier.txt": "b"},
        REFUSED,
    ),
    "a values file that is missing": (
        {},
        {"web.yaml": application("{valueFiles: [gone.yaml]}")},
        "the values file gone.yaml is not there",
    ),
    "a values file that may be missing": (
        {"web.yaml": application(LATE)},
        {"charts/web/late.yaml": "tier: b\n"},
        REFUSED,
    ),
    ".argocd-source.yaml": ({}, {"charts/web/.argocd-source.yaml": OVERRIDE}, REFUSED),
    ".argocd-source-APP.yaml": ({}, {"charts/web/.argocd-source-web.yaml": OVERRIDE}, REFUSED),
    ".argocd-source of another": ({}, {"charts/web/.argocd-source-db.yaml": OVERRIDE}, PASSED),
    "plugin": (
        {},
        {"web.yaml": application(source=", plugin: {name: vault}")},
        "vault renders it (plugin)",
    ),
    "a list generator": (
        {"web.yaml": of_set(elements("a"))},
        {"web.yaml": of_set(elements("b"))},
        REFUSED,
    ),
    "missingkey=error": (
        {"web.yaml": of_set(elements("a"), more=STRICT)},
        {"web.yaml": of_set("list: {elements: [{name: web}]}", more=STRICT)},
        "there is no .tier",
    ),
}


@pytest.mark.parametrize("name", ARGO)
def test_a_field_of_argo_cd(capsys, tmp_path, monkeypatch, name):
    base, change, expected = ARGO[name]
    files = {"web.yaml": application(), **base}
    code, told, _ = judged(capsys, tmp_path, monkeypatch, files, change)
    told = [row for row in told if not row.startswith("note")]
    assert holds(code, told, expected), (code, told)


@pytest.mark.parametrize(
    ("policy", "deleted"),
    [
        ("", True),
        ("  syncPolicy: {preserveResourcesOnDeletion: true}\n", False),
        ("  syncPolicy: {applicationsSync: create-update}\n", False),
    ],
)
def test_an_application_that_a_set_no_longer_makes(capsys, tmp_path, monkeypatch, policy, deleted):
    base = {"web.yaml": of_set(elements("a"), more=policy)}
    change = {"web.yaml": of_set("list: {elements: []}", more=policy)}
    _, _, notes = judged(capsys, tmp_path, monkeypatch, base, change)
    assert any("this is its uninstall" in note for note in notes) is deleted


def helmfile(more="", top=""):
    return f"{top}releases:\n- name: web\n  namespace: prod\n  chart: ./charts/web\n{more}"


def of_environment(text, more):
    return helmfile(more, f"environments: {{default: {text}}}\n---\n")


SET_FILE = "  set: [{name: tier, file: tier.txt}]\n"
TEMPLATED = "  values: [tier.yaml.gotmpl]\n"
KNOWN = "  values: [{tier: '{{ .Values.of }}'}]\n"
ON = "  condition: web.enabled\n"
HELMFILE = {
    "values": ({}, {"helmfile.yaml": helmfile("  values: [{tier: b}]\n")}, REFUSED),
    "a file of set": (
        {"helmfile.yaml": helmfile(SET_FILE), "tier.txt": "a"},
        {"tier.txt": "b"},
        REFUSED,
    ),
    "values of set": (
        {},
        {"helmfile.yaml": helmfile("  set: [{name: tier, values: [b]}]\n")},
        REFUSED,
    ),
    "values of the helmfile": (
        {"helmfile.yaml": helmfile(KNOWN, "values: [{of: a}]\n")},
        {"helmfile.yaml": helmfile(KNOWN, "values: [{of: b}]\n")},
        REFUSED,
    ),
    "a condition on values of the helmfile": (
        {"helmfile.yaml": helmfile(ON, "values: [{web: {enabled: true}}]\n")},
        {
            "helmfile.yaml": helmfile(
                f"{ON}  values: [{{tier: b}}]\n", "values: [{web: {enabled: true}}]\n"
            )
        },
        REFUSED,
    ),
    "a templated values file": (
        {"helmfile.yaml": helmfile(TEMPLATED), "tier.yaml.gotmpl": 'tier: "{{ .Release.Name }}"'},
        {"tier.yaml.gotmpl": 'tier: "{{ .Release.Name }}b"'},
        REFUSED,
    ),
    "a templated values file that asks for more": (
        {"helmfile.yaml": helmfile(TEMPLATED), "tier.yaml.gotmpl": 'tier: {{ env "A" }}'},
        {"tier.yaml.gotmpl": 'tier: {{ env "B" }}'},
        "the values file tier.yaml.gotmpl is a template",
    ),
    "secrets of the environment": (
        {"helmfile.yaml": of_environment("{secrets: [s.yaml]}", KNOWN), "s.yaml": "of: ENC[a]"},
        {"s.yaml": "of: ENC[b]"},
        "its values, which templates decide",
    ),
    "secrets of the release": (
        {"helmfile.yaml": helmfile("  secrets: [s.yaml]\n"), "s.yaml": "tier: ENC[a]"},
        {"s.yaml": "tier: ENC[b]"},
        "its secrets",
    ),
    "a directory that is no chart": (
        {"helmfile.yaml": "releases: [{name: k, chart: ./k}]\n", "k/d.yaml": "kind: A\n"},
        {"k/d.yaml": "kind: B\n"},
        "k is no chart",
    ),
    "missingFileHandler": (
        {"helmfile.yaml": helmfile("  missingFileHandler: Warn\n  values: [late.yaml]\n")},
        {"late.yaml": "tier: b\n"},
        REFUSED,
    ),
    "inherit": (
        {"helmfile.yaml": helmfile("  inherit: [{template: t}]\n", "templates: {t: {}}\n")},
        {
            "helmfile.yaml": helmfile(
                "  inherit: [{template: t}]\n", "templates: {t: {values: [{tier: b}]}}\n"
            )
        },
        REFUSED,
    ),
    **{
        f"helmDefaults.{key}": (
            {},
            {"helmfile.yaml": helmfile(top=f"helmDefaults: {{{key}: {text}}}\n")},
            f"helmDefaults.{key}, which helmfile hands to Helm",
        )
        for key, text in (
            ("postRenderer", "./p.sh"),
            ("args", "[--set, tier=b]"),
            ("syncArgs", "[--set, tier=b]"),
        )
    },
    **{
        key: ({}, {"helmfile.yaml": helmfile(f"  {key}: {text}\n")}, f"its {key}")
        for key, text in (
            ("forceNamespace", "other"),
            ("forceGoTemplate", "true"),
            ("postRenderer", "./p.sh"),
            ("strategicMergePatches", "[{kind: Deployment}]"),
            ("jsonPatches", "[{target: {kind: Deployment}}]"),
            ("valuesTemplate", "[{tier: b}]"),
        )
    },
}


@pytest.mark.parametrize("name", HELMFILE)
def test_a_field_of_helmfile(capsys, tmp_path, monkeypatch, name):
    base, change, expected = HELMFILE[name]
    files = {"helmfile.yaml": helmfile(), **base}
    code, told, _ = judged(capsys, tmp_path, monkeypatch, files, change)
    assert holds(code, told, expected), (code, told)


def test_hooks_of_helmfile_are_told(capsys, tmp_path, monkeypatch):
    hook = "  hooks: [{events: [presync], command: kubectl}]\n"
    base, change = {"helmfile.yaml": helmfile()}, {"helmfile.yaml": helmfile(hook)}
    _, _, notes = judged(capsys, tmp_path, monkeypatch, base, change)
    assert "its presync hook runs kubectl, which is not judged" in notes


def terraform(*lines, more=""):
    body = "\n".join(f"  {line}" for line in lines)
    return f"""\
resource "helm_release" "web" {{
  name = "web"
  namespace = "prod"
  chart = "${{path.module}}/CHART"
{body}
}}
{more}
"""


def root(*lines, more=""):
    return {"main.tf": terraform(*lines, more=more).replace("CHART", "charts/web")}


def below(*lines, more=""):
    return {"m/main.tf": terraform(*lines, more=more).replace("CHART", "../charts/web")}


def caller(*lines):
    body = "\n".join(f"  {line}" for line in lines)
    return {"main.tf": f'module "web" {{\n  source = "./m"\n{body}\n}}\n'}


MADE = "made by terraform"
BY_NAME = "values = [yamlencode({ tier = var.tier })]"
FILE_OF = 'values = [file("${path.module}/v.yaml")]'
TEMPLATE = 'values = [templatefile("${path.module}/v.tpl", { tier = "a" })]'
LOOP = """\
dynamic "set" {
    for_each = local.all
    content {
      name  = set.key
      value = set.value
    }
  }"""
CHOICE = 'values = [local.large ? "tier: a" : "tier: b"]'
TERRAFORM = {
    "set": ({}, root("set {", '  name = "tier"', '  value = "b"', "}"), REFUSED),
    "set of version 3": ({}, root('set = [{ name = "tier", value = "b" }]'), REFUSED),
    "set_list": (
        root('set_list = [{ name = "tier", value = ["a"] }]'),
        root('set_list = [{ name = "tier", value = ["b"] }]'),
        REFUSED,
    ),
    "set_sensitive": (
        {},
        root("set_sensitive {", '  name = "tier"', '  value = "b"', "}"),
        REFUSED,
    ),
    "file()": ({**root(FILE_OF), "v.yaml": "tier: a\n"}, {"v.yaml": "tier: b\n"}, REFUSED),
    "yamlencode()": ({}, root('values = [yamlencode({ tier = "b" })]'), REFUSED),
    "templatefile()": (
        {**root(TEMPLATE), "v.tpl": "tier: ${tier}\n"},
        {"v.tpl": "tier: ${tier}b\n"},
        MADE,
    ),
    "a default of a variable": (
        root(BY_NAME, more='variable "tier" {\n  default = "a"\n}'),
        root(BY_NAME, more='variable "tier" {\n  default = "b"\n}'),
        MADE,
    ),
    "terraform.tfvars": (
        {**root(BY_NAME), "terraform.tfvars": 'tier = "a"\n'},
        {"terraform.tfvars": 'tier = "b"\n'},
        MADE,
    ),
    "a loop of sets": (
        root(LOOP, more='locals {\n  all = { tier = "a" }\n}'),
        root(LOOP, more='locals {\n  all = { tier = "b" }\n}'),
        "set of helm_release.web is decided by variables",
    ),
    "a choice": (
        root(CHOICE, more="locals {\n  large = true\n}"),
        root(CHOICE, more="locals {\n  large = false\n}"),
        MADE,
    ),
    "a module's argument": (
        {**caller('tier = "a"'), **below(BY_NAME)},
        caller('tier = "b"'),
        MADE,
    ),
    "a module that is called no more": (
        {**caller(), **below()},
        {"main.tf": ""},
        "modules changes",
    ),
    "count of a module": (
        {**caller(), **below()},
        caller("count = 0"),
        "how many module.web makes",
    ),
    "count": ({}, root("count = 2"), "variables or loops decide its name or number"),
    "a variable that decides how many": (
        {**root("count = var.number"), "v.tf": 'variable "number" {\n  default = 1\n}\n'},
        {"v.tf": 'variable "number" {\n  default = 0\n}\n'},
        "variables or loops decide its name or number",
    ),
}


@pytest.mark.parametrize("name", TERRAFORM)
def test_a_field_of_terraform(capsys, tmp_path, monkeypatch, name):
    base, change, expected = TERRAFORM[name]
    files = {**({} if "m/main.tf" in base else root()), **base}
    code, told, _ = judged(capsys, tmp_path, monkeypatch, files, change)
    assert holds(code, told, expected), (code, told)


def kustomized(more="", home="./charts"):
    return f"""\
helmGlobals: {{chartHome: {home}}}
namespace: prod
helmCharts: [{{name: web, releaseName: web}}]
{more}"""


def play(value, more=""):
    return f"""\
- hosts: all
  tasks:
  - kubernetes.core.helm:
      name: web
      release_namespace: prod
      chart_ref: ./charts/web
      release_values: {{tier: {value}}}
{more}"""


def command(more):
    return {"deploy.sh": f"helm upgrade --install web ./charts/web -n prod --atomic {more}\n"}


def fleet(more=""):
    return f"defaultNamespace: prod\nhelm:\n  releaseName: web\n  chart: ./charts/web\n{more}"


def of_map(name):
    return fleet(f"  valuesFrom: [{{configMapKeyRef: {{name: {name}, key: k}}}}]\n")


PATCH = "- {op: replace, path: /spec/selector/matchLabels/tier, value: %s}\n"
PATCHED = "patches: [{path: p.yaml, target: {kind: Deployment}}]\n"
LABELS = "resources: [../base]\nlabels: [{pairs: {tier: b}, includeSelectors: true}]\n"
RENDERED = "changes what is rendered"
OTHERS = {
    "a patch of a kustomization": (
        {"kustomization.yaml": kustomized(PATCHED), "p.yaml": PATCH % "a"},
        {"p.yaml": PATCH % "b"},
        f"{RENDERED} (patches)",
    ),
    "labels of a kustomization": (
        {"kustomization.yaml": kustomized()},
        {"kustomization.yaml": kustomized("commonLabels: {tier: b}\n")},
        f"{RENDERED} (commonLabels)",
    ),
    "labels of an overlay": (
        {
            "base/kustomization.yaml": kustomized(home="../charts"),
            "over/kustomization.yaml": "resources: [../base]\n",
        },
        {"over/kustomization.yaml": LABELS},
        f"over/kustomization.yaml {RENDERED} (labels)",
    ),
    "a variable of a play": (
        {"play.yml": play('"{{ tier }}"'), "group_vars/all.yml": "tier: a\n"},
        {"group_vars/all.yml": "tier: b\n"},
        "values that templates write",
    ),
    "a loop of a play": (
        {"play.yml": play('"{{ item }}"', "    loop: [a]\n")},
        {"play.yml": play('"{{ item }}"', "    loop: [b]\n")},
        "values that templates write",
    ),
    "a variable of a command": (
        command("--set tier=$TIER"),
        command("--set tier=$TIER$TIER"),
        "the value of tier",
    ),
    "a values file that a variable names": (
        {**command("-f $STAGE.yaml"), "prod.yaml": "tier: a\n"},
        {"prod.yaml": "tier: b\n"},
        "the values file",
    ),
    "a post-renderer": (
        {**command("--post-renderer ./p.sh"), "p.sh": "cat\n"},
        {"p.sh": "sed s/a/b/\n"},
        "a post-renderer, which is not run",
    ),
    "an object of the cluster": (
        {"fleet.yaml": of_map("a")},
        {"fleet.yaml": of_map("b")},
        "values of objects in the cluster",
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_decides_a_release_without_being_read(capsys, tmp_path, monkeypatch, name):
    base, change, expected = OTHERS[name]
    code, told, _ = judged(capsys, tmp_path, monkeypatch, base, change)
    assert holds(code, told, expected), (code, told)


def test_a_release_that_nothing_uninstalls_is_told_to_stay(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    lines = [f"helm upgrade --install {name} charts/web -n prod\n" for name in ("api", "web")]
    put({**chart(), "deploy.sh": "".join(lines)})
    commit()
    put({"deploy.sh": lines[0]})
    code, report = checked(capsys)
    stays = "prod/web (no longer declared, and nothing uninstalls it)"
    assert (code, report["untouched"]) == (0, [stays, "prod/api"])


def test_what_does_not_decide_a_release_leaves_it_alone(capsys, tmp_path, monkeypatch):
    base = command("--set tier=$TIER")
    change = {"deploy.sh": f"#!/bin/sh\necho deploying\n{base['deploy.sh']}"}
    assert judged(capsys, tmp_path, monkeypatch, base, change)[:2] == (0, [])
