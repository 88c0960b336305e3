"""Errors as they are pasted: with colours, timestamps, wrappers, several at once; and texts that
are none of ours."""

import re

import pytest

from policylint.advice.errors import explain, nearest

SELECTOR = (
    'cannot patch "web" with kind Deployment: Deployment.apps "web" is invalid: '
    "spec.selector: Invalid value: "
    'v1.LabelSelector{MatchLabels:map[string]string{"app":"web"}}: field is immutable'
)
SIZE = (
    'StatefulSet.apps "db" is invalid: spec: Forbidden: updates to statefulset spec for '
    "fields other than "
    "'replicas', 'template', and 'updateStrategy' are forbidden"
)


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        (f"Error: UPGRADE FAILED: {SELECTOR}", "selector-changed"),
        (f"\x1b[31mError: UPGRADE FAILED:\x1b[0m {SELECTOR}", "selector-changed"),
        (f"2026-11-21T08:00:00.123Z Error: UPGRADE FAILED: {SELECTOR}", "selector-changed"),
        (
            f"│ Error: {SELECTOR}\n│ \n│   with helm_release.web,\n│   on main.tf line 1",
            "selector-changed",
        ),
        (
            f"Helm upgrade failed for release prod/web with chart web@1.2.3: {SELECTOR}",
            "selector-changed",
        ),
        ('{"level":"error","msg":"' + SELECTOR.replace('"', '\\"') + '"}', "selector-changed"),
        (f"one or more objects failed to apply, reason: {SIZE}", "statefulset-immutable-field"),
        (
            f"release web failed, and has been rolled back due to atomic being set: {SIZE}",
            "statefulset-immutable-field",
        ),
        (
            'The Service "web" is invalid: spec.clusterIP: Invalid value: "": field is immutable',
            "service-cluster-ip-changed",
        ),
        (
            'Widget.example.com "w" is invalid: spec.size: Invalid value: 1: may only grow',
            "custom-resource-invalid",
        ),
        (
            'Gateway.gateway.networking.k8s.io "g" is invalid: spec.listeners: Required value',
            "custom-resource-invalid",
        ),
        ('Ingress.networking.k8s.io "i" is invalid: spec.rules: Required value', "invalid-object"),
        (
            "failed to create patch: list element types are not identical: [[] [5]]",
            "invalid-object",
        ),
        ("failed to create patch: panic runtime error: comparing uncomparable", "invalid-object"),
        (
            'Secret in version "v1" cannot be handled as a Secret: json: cannot unmarshal object'
            " into Go struct field Secret.immutable of type bool",
            "invalid-object",
        ),
        ('pods "p" is forbidden: pod rejected: RuntimeClass "a" not found', "invalid-object"),
        ("Forbidden: may not be changed in an update.", "immutable-field"),
        (
            "Invalid value: 4: can only be modified in tandem with spec.parallelism",
            "job-template-changed",
        ),
        ("Unsupported value: 5: supported values: 1", "invalid-object"),
        ('no matches for kind "CronJob" in version "batch/v1beta1"', "removed-api"),
        (
            'no matches for kind "ServiceMonitor" in version "monitoring.coreos.com/v1"',
            "crd-missing",
        ),
        ('"web" has no deployed releases', "no-deployed-revision"),
        ("Error: cannot re-use a name that is still in use", "release-name-in-use"),
        ("Error: cannot reuse a name that is still in use", "release-name-in-use"),
        ("immutable", "immutable-field"),
        ("may not change once set", "immutable-field"),
        ("timed out waiting for the condition", "wait-timeout"),
        (
            "resource Deployment/prod/web not ready. status: InProgress, message: Replicas: 0/1",
            "wait-timeout",
        ),
    ],
)
def test_topic(text, topic):
    assert explain(text).topic == topic


def test_the_cause_leads_and_the_wrapper_follows():
    first = "an error occurred while rolling back the release. original upgrade error"
    explanation = explain(f"{first}: {SELECTOR}: release web failed: context deadline exceeded")
    assert [explanation.topic, *(wrapper.topic for wrapper in explanation.also)] == [
        "selector-changed",
        "rollback-failed",
    ]


def test_joined_errors_are_all_explained():
    explanation = explain(f"Error: UPGRADE FAILED: {SELECTOR} && {SIZE}")
    assert {(item.topic, item.kind, item.name) for item in (explanation, *explanation.also)} == {
        ("selector-changed", "Deployment", "web"),
        ("statefulset-immutable-field", "StatefulSet", "db"),
    }


def test_what_is_named_is_filled_in():
    explanation = explain(
        f"server-side apply failed for object prod/db apps/v1, Kind=StatefulSet: {SIZE}"
    )
    assert (explanation.kind, explanation.name, explanation.namespace, explanation.field) == (
        "StatefulSet",
        "db",
        "prod",
        "spec",
    )
    assert "kubectl delete statefulset db -n prod --cascade=orphan" in [
        step for fix in explanation.fixes for step in fix.steps
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "another operation (install/upgrade/rollback) is in progress, try helm upgrade --force",
            "does not unlock",
        ),
        ("does --force unlock a pending release?", "does not unlock"),
        (
            "just use --force-replace to get past the immutable field",
            "does not get past an immutable field",
        ),
        (
            f"Error: UPGRADE FAILED: failed to replace object: {SIZE}",
            "does not get past an immutable field",
        ),
        (
            "helm upgrade --cleanup-on-fail should clean up the pending operation",
            "does not clean up pending",
        ),
    ],
)
def test_wrong_advice_is_corrected(text, words):
    assert any(words in correction for correction in explain(text).corrections)


def test_force_conflicts_is_another_flag():
    assert explain("helm upgrade --force-conflicts: field is immutable").corrections == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello world",
        "npm ERR! code ERESOLVE",
        (
            "panic: runtime error: invalid memory address or nil pointer dereference\n"
            "goroutine 1 [running]:"
        ),
        "rpc error: code = DeadlineExceeded desc = context deadline exceeded",
        "error[E0384]: cannot assign twice to immutable variable `x`",
        "java.lang.UnsupportedOperationException: collection is immutable",
        'ERROR:  relation "users" already exists',
        "json: cannot unmarshal string into Go struct field Config.port of type int",
        "error: unknown flag: --foo",
        "! [rejected] main -> main (fetch first)\nhint: git push --force",
        "HTTP/1.1 403\nstatus: Forbidden",
        "ValueError: invalid literal for int() with base 10: 'x'",
        "Error: Invalid value for variable",
    ],
)
def test_texts_of_other_programs_are_not_explained(text):
    assert explain(text) is None


@pytest.mark.parametrize(
    "text",
    ["A1b2" * 50_000, "lorem ipsum " * 10_000, "spec[0]." * 5_000, "invalid " * 5_000 + "--force"],
)
def test_no_text_takes_long(text):
    explain(text)


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("another operation in progress", "release-pending"),
        ("stuck in pending-install", "release-pending"),
        ("timed out waiting for the condition", "wait-timeout"),
        ("cannot patch immutable field", "immutable-field"),
        ("history growing too large", "history-growing"),
        ("rollback creates new issues", "rollback-new-issues"),
        ("no deployed releases", "no-deployed-revision"),
        ("CrashLoopBackOff", "crash-loop"),
        ("OutOfSync", "argocd-sync-failed"),
    ],
)
def test_the_short_forms_that_people_type(text, topic):
    assert explain(text).topic == topic


@pytest.mark.parametrize(
    "text",
    [
        "missing target release for rollback",
        "Error creating: pods is forbidden: failed quota: must specify limits.cpu",
        'INSTALLATION FAILED: namespaces "prod" is forbidden',
        "release failed, and has been uninstalled due to atomic being set",
        "Multi-Attach error",
        "couldn't find key password in Secret prod/db",
    ],
)
def test_a_sentence_has_no_empty_slots(text):
    cause = explain(text).cause
    for slot in ("()", "  ", " ,", "( ", "{"):
        assert slot not in cause


def test_what_is_not_known_has_neighbours():
    assert nearest("the hook of the release looks odd")[0][0].startswith("hook")
    assert nearest("banana") == ()


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        (
            "ComparisonError rpc error: code = DeadlineExceeded desc = context deadline exceeded",
            "argocd-repo-server-busy",
        ),
        (
            "ComparisonError rpc error: code = Unknown desc = `helm dependency buil"
            "d` failed signal: killed",
            "argocd-repo-server-busy",
        ),
        (
            "Failed to load target state: failed to compare revisions for source 1 "
            "of 1: rpc error: code = Unimplemented desc = unknown method UpdateRevi"
            "sionForPaths for service repository.RepoServerService",
            "argocd-versions",
        ),
        (
            "rpc error: code = Unknown desc = Error: argo/argo-events chart not fou"
            "nd in repo https://argoproj.github.io/argo-helm",
            "chart-not-found",
        ),
        (
            "`helm dependency build` failed: Error: Can't get a valid version for r"
            "epositories postgresql. Try changing the version constraint in require"
            "ments.yaml",
            "chart-not-found",
        ),
        (
            "error installing: the server could not find the requested resource (po"
            "st deployments.extensions)",
            "removed-api",
        ),
        (
            "Error: identified at least one change, exiting with non-zero exit code"
            ' (detailed-exitcode parameter enabled)\nError: plugin "diff" exited wit'
            "h error",
            "diff-found-changes",
        ),
        (
            'Error: looks like "https://kubernetes-charts.storage.googleapis.com" i'
            "s not a valid chart repository or cannot be reached: failed to fetch h"
            "ttps://kubernetes-charts.storage.googleapis.com/index.yaml : 403 Forbi"
            "dden",
            "chart-repository-gone",
        ),
        (
            "Error: failed to authorize: failed to fetch oauth token: unexpected st"
            "atus from GET request to https://ghcr.io/token?scope=repository%3Aorg%"
            "2Fcharts%2Fweb%3Apull&service=ghcr.io: 401 Unauthorized",
            "registry-login",
        ),
        (
            "Error: the lock file (Chart.lock) is out of sync with the dependencies"
            " file (Chart.yaml). Please update the dependencies",
            "chart-lock-behind",
        ),
        (
            'admission webhook "validate.nginx.ingress.kubernetes.io" denied the re'
            'quest: host "shop.example.com" and path "/" is already defined in ingr'
            "ess prod/shop",
            "host-taken",
        ),
        (
            "SharedResourceWarning: ConfigMap/app-config is part of applications ar"
            "gocd/app-a and app-b",
            "argocd-shared-object",
        ),
        (
            "application destination server 'https://kubernetes.default.svc' and na"
            "mespace 'prod' do not match any of the allowed destinations in project"
            " 'team'",
            "argocd-project",
        ),
        (
            "Health check failed after 5m0.02s: timeout waiting for: [Deployment/pr"
            "od/web status: 'InProgress']",
            "wait-timeout",
        ),
        (
            "failed to fetch Helm repository index: failed to cache index to tempor"
            "ary file: failed to fetch https://charts.bitnami.com/bitnami/index.yam"
            "l : 429 Too Many Requests",
            "registry-busy",
        ),
        (
            "could not find Secret with name 'prod/web-values'",
            "flux-values-missing",
        ),
        (
            "Error: Kubernetes cluster unreachable: exec plugin: invalid apiVersion"
            ' "client.authentication.k8s.io/v1alpha1"',
            "kubeconfig-outdated",
        ),
        (
            "Error: query: failed to query with labels: Unauthorized",
            "cluster-login",
        ),
        (
            'Error: Kubernetes cluster unreachable: Get "https://10.0.0.1:6443/vers'
            'ion": x509: certificate has expired or is not yet valid: current time '
            "2024-05-01T10:00:00Z is after 2024-04-30T09:12:44Z",
            "certificate-expired",
        ),
        (
            'Failed to pull image "registry.example.com/web:1.4.1": rpc error: code'
            " = NotFound desc = failed to pull and unpack image: registry.example.c"
            "om/web:1.4.1: not found",
            "image-pull",
        ),
        (
            'Deployment/prod/web dry-run failed (Invalid): Deployment.apps "web" is'
            " invalid: spec.selector: Invalid value: v1.LabelSelector{}: field is i"
            "mmutable",
            "selector-changed",
        ),
    ],
)
def test_errors_of_the_tools_around_helm(text, topic):
    explanation = explain(text)
    assert explanation is not None
    assert explanation.topic == topic
    steps = [step for fix in explanation.fixes for step in fix.steps]
    assert not [step for step in steps if re.search(r"\{[a-z]+\}", step)]
    assert "  " not in explanation.cause


@pytest.mark.parametrize(
    ("text", "name", "field"),
    [
        (
            "conflict occurred while applying object prod/web apps/v1, Kind=Deployment: Apply "
            'failed with 1 conflict: conflict with "argocd-controller": .spec.replicas',
            "web",
            "spec.replicas",
        ),
        (
            'Apply failed with 2 conflicts: conflicts with "kubectl" using apps/v1:\n'
            "- .spec.replicas\n- .spec.paused",
            "",
            "spec.replicas",
        ),
        ("conflict occurred while applying object prod/web apps/v1, Kind=Deployment", "web", ""),
    ],
)
def test_conflicts_of_managers_as_the_server_words_them(text, name, field):
    explanation = explain(text)
    assert explanation.topic == "server-side-apply-conflict"
    assert (explanation.name, explanation.field) == (name, field)
    steps = [step for fix in explanation.fixes for step in fix.steps]
    assert f"render {field or 'the field'} of " in steps[1]
