"""`policylint check --policies`: findings, what cannot be told, and what judges pods."""

import json

import pytest
import yaml

from tests.cli.test_cli import policylint

DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "prod"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "registry.example/web:1"}]},
        },
    },
}


def policy(name, expression, resources=("deployments",), actions=("Deny",), **more):
    """A policy with its binding, as documents of a file."""
    groups = {"deployments": "apps", "pods": "", "configmaps": ""}
    rules = [
        {
            "apiGroups": [groups[resource]],
            "apiVersions": ["v1"],
            "operations": ["CREATE", "UPDATE", "DELETE"],
            "resources": [resource],
        }
        for resource in resources
    ]
    group = "admissionregistration.k8s.io/v1"
    binding = {"policyName": name, "validationActions": list(actions), **more.pop("binding", {})}
    validation = {"expression": expression, "message": f"{name} failed"}
    spec = {"matchConstraints": {"resourceRules": rules}, "validations": [validation], **more}
    return [
        {
            "apiVersion": group,
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": name},
            "spec": spec,
        },
        {
            "apiVersion": group,
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": f"{name}-binding"},
            "spec": binding,
        },
    ]


@pytest.fixture
def check(tmp_path):
    """Check two lists of objects under policies, and return the exit code and the release."""

    def judged(documents, after=(DEPLOYMENT,), before=(DEPLOYMENT,), *words):
        for name, bodies in (("before", before), ("after", after), ("policies", documents)):
            (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump_all(bodies))
        done = policylint(
            *("check", str(tmp_path / "after.yaml"), "--before", str(tmp_path / "before.yaml")),
            *("--kube-version", "1.36", "--policies", str(tmp_path / "policies.yaml")),
            *("--format", "json", *words),
        )
        return done.returncode, json.loads(done.stdout)["releases"][0]

    return judged


def scaled(replicas):
    return {**DEPLOYMENT, "spec": {**DEPLOYMENT["spec"], "replicas": replicas}}


def of(release, name):
    return [finding for finding in release["findings"] if finding["rule"] == name]


def test_a_denial_fails_with_the_servers_words(check):
    code, release = check(policy("few", "object.spec.replicas <= 5"), [scaled(9)])
    (finding,) = of(release, "few")
    assert code == 1
    assert finding["message"] == "few failed"
    assert (finding["category"], finding["severity"]) == ("policy", "error")
    assert finding["policy"] == {
        "kind": "ValidatingAdmissionPolicy",
        "name": "few",
        "binding": "few-binding",
        "expression": "object.spec.replicas <= 5",
        "operation": "UPDATE",
    }


@pytest.mark.parametrize(("action", "severity"), [("Warn", "warning"), ("Audit", "note")])
def test_what_the_binding_does_is_the_severity(check, action, severity):
    code, release = check(policy("few", "object.spec.replicas <= 5", actions=[action]), [scaled(9)])
    assert (code, of(release, "few")[0]["severity"]) == (0, severity)


def test_the_old_object_is_the_before_side(check):
    documents = policy(
        "no-downscale", "oldObject == null || object.spec.replicas >= oldObject.spec.replicas"
    )
    code, release = check(documents, [scaled(1)])
    assert (code, of(release, "no-downscale")[0]["direction"]) == (1, "upgrade")


def test_the_way_back_is_judged_too(check):
    documents = policy("few", "object.spec.replicas <= 5")
    _, release = check(documents, [scaled(2)], [scaled(9)])
    assert [finding["direction"] for finding in of(release, "few")] == ["rollback"]


def test_a_deletion_is_a_request_of_its_own(check):
    documents = policy("keep", "request.operation != 'DELETE'")
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "x"}}
    code, release = check(documents, [config], [DEPLOYMENT, config])
    assert (code, of(release, "keep")[0]["policy"]["operation"]) == (1, "DELETE")


def test_a_policy_on_pods_judges_the_pods_of_workloads(check):
    documents = policy("digest", "object.spec.containers.all(c, c.image.contains('@'))", ["pods"])
    code, release = check(documents)
    (finding,) = of(release, "digest")
    assert code == 1
    assert finding["resource"]["kind"] == "Deployment"
    assert "the pods of this workload" in finding["because"]


def test_a_policy_that_matches_the_workload_is_not_asked_about_its_pods(check):
    documents = policy("any", "object.kind != 'Pod'", ["pods", "deployments"])
    code, release = check(documents)
    assert (code, of(release, "any")) == (0, [])


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("request.userInfo.username == 'x'", "who will run helm"),
        ("authorizer.path('/x').check('get').allowed()", "only the cluster knows"),
        ("namespaceObject.metadata.labels['tier'] == 'gold'", "give it with --live"),
        ("object.spec.replicas + 'x' == nonsense", "does not take this policy"),
    ],
)
def test_what_cannot_be_told_is_unknown_and_names_the_policy(check, expression, why):
    code, release = check(policy("open", expression))
    (failure,) = [item for item in release["failures"] if item["rule"] == "open"]
    assert code == 2
    assert why in failure["message"]


def test_the_namespace_and_params_may_stand_beside_the_policies(check):
    labels = {"tier": "gold"}
    namespace = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "prod", "labels": labels},
    }
    limits = {"name": "limits", "namespace": "prod"}
    param = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": limits, "data": {"max": "3"}}
    documents = policy(
        "few",
        "namespaceObject.metadata.labels.tier != 'gold' ||"
        " object.spec.replicas <= int(params.data.max)",
        paramKind={"apiVersion": "v1", "kind": "ConfigMap"},
        binding={"paramRef": {"name": "limits", "parameterNotFoundAction": "Deny"}},
    )
    code, release = check([*documents, namespace, param], [scaled(4)])
    assert (code, len(of(release, "few"))) == (1, 1)


def test_a_policy_without_binding_is_told_and_asks_nothing(check):
    code, release = check(policy("few", "false")[:1])
    assert code == 0
    assert any("has no binding" in note for note in release["evidence"]["notes"])


def test_a_file_without_policies_is_no_pass(check):
    code, _ = check([{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}])
    assert code == 2


def test_another_engines_policy_is_unknown(check):
    foreign = {
        "apiVersion": "kyverno.io/v1",
        "kind": "ClusterPolicy",
        "metadata": {"name": "p"},
        "spec": {},
    }
    code, release = check([foreign])
    assert (code, release["failures"][0]["rule"]) == (2, "p")


def test_a_secret_in_a_message_is_masked(check):
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "namespace": "prod"},
        "stringData": {"password": "hunter2hunter2"},
    }
    documents = policy("leak", "object.kind != 'Secret'", ["configmaps"])
    documents[0]["spec"]["matchConstraints"]["resourceRules"][0]["resources"] = ["secrets"]
    documents[0]["spec"]["validations"][0]["messageExpression"] = (
        "'it holds ' + object.stringData.password"
    )
    documents[0]["spec"]["validations"][0]["message"] = ""
    _, release = check(documents, [secret], [secret])
    assert "hunter2hunter2" not in json.dumps(release)


def kyverno(rule, **spec):
    """A Kyverno ClusterPolicy of one rule."""
    match = {"any": [{"resources": {"kinds": ["Deployment"], "operations": ["CREATE", "UPDATE"]}}]}
    rules = [{"name": "r", "match": match, **rule}]
    return {
        "apiVersion": "kyverno.io/v1",
        "kind": "ClusterPolicy",
        "metadata": {"name": "p"},
        "spec": {"rules": rules, **spec},
    }


FEW = {"cel": {"expressions": [{"expression": "object.spec.replicas <= 5", "message": "many"}]}}


@pytest.mark.parametrize(("action", "severity"), [("Enforce", "error"), ("Audit", "warning")])
def test_a_cluster_policy_in_cel_is_judged(check, action, severity):
    _, release = check([kyverno({"validate": FEW}, validationFailureAction=action)], [scaled(9)])
    (finding,) = of(release, "p/r")
    assert (finding["message"], finding["severity"]) == ("many", severity)
    assert finding["policy"]["kind"] == "ClusterPolicy"


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ({"validate": {"pattern": {}}}, "not written in CEL"),
        ({"validate": FEW, "exclude": {"any": []}}, "has exclude"),
        ({"validate": FEW, "context": [{"name": "x"}]}, "has context"),
        ({"validate": FEW, "match": {"any": [{"subjects": []}]}}, "roles or subjects"),
    ],
)
def test_what_only_kyverno_evaluates_is_unknown(check, rule, why):
    code, release = check([kyverno(rule)])
    assert code == 2
    assert why in release["failures"][0]["message"]


def test_a_validating_policy_of_kyverno_is_judged(check):
    body = policy("few", "object.spec.replicas <= 5")[0]
    body |= {"apiVersion": "policies.kyverno.io/v1alpha1", "kind": "ValidatingPolicy"}
    body["spec"]["validationActions"] = ["Deny"]
    code, release = check([body], [scaled(9)])
    assert (code, of(release, "few")[0]["policy"]["kind"]) == (1, "ValidatingPolicy")


def gatekeeper(engine="K8sNativeValidation", **spec):
    """A Gatekeeper template with a constraint on Deployments."""
    validation = {"expression": "variables.anyObject.spec.replicas <= variables.params.most"}
    source = {"validations": [{**validation, "message": "many"}]}
    code = [{"engine": engine, "source": source}]
    kinds = [{"apiGroups": ["apps"], "kinds": ["Deployment"]}]
    return [
        {
            "apiVersion": "templates.gatekeeper.sh/v1",
            "kind": "ConstraintTemplate",
            "metadata": {"name": "few"},
            "spec": {"crd": {"spec": {"names": {"kind": "Few"}}}, "targets": [{"code": code}]},
        },
        {
            "apiVersion": "constraints.gatekeeper.sh/v1beta1",
            "kind": "Few",
            "metadata": {"name": "at-most-5"},
            "spec": {"match": {"kinds": kinds}, "parameters": {"most": 5}, **spec},
        },
    ]


@pytest.mark.parametrize(("action", "severity"), [("deny", "error"), ("dryrun", "note")])
def test_a_gatekeeper_template_in_cel_is_judged(check, action, severity):
    _, release = check(gatekeeper(enforcementAction=action), [scaled(9)])
    (finding,) = of(release, "gatekeeper-few")
    assert (finding["message"], finding["severity"]) == ("many", severity)


@pytest.mark.parametrize(
    ("documents", "why"),
    [
        (gatekeeper("Rego"), "not written for K8sNativeValidation"),
        (gatekeeper()[1:], "its template Few is not among the files"),
        (gatekeeper(enforcementAction="scoped"), "its enforcementAction is scoped"),
    ],
)
def test_what_only_gatekeeper_evaluates_is_unknown(check, documents, why):
    code, release = check(documents)
    assert code == 2
    assert why in release["failures"][0]["message"]


def test_a_rollback_to_what_violates_the_policy_already_is_at_most_a_warning(check):
    documents = policy("few", "object.spec.replicas <= 5")
    code, release = check(documents, [scaled(2)], [scaled(9)])
    (finding,) = of(release, "few")
    assert (code, finding["severity"], finding["direction"]) == (0, "warning", "rollback")
    assert "violates the policy as it stands" in finding["because"]
    transition = policy(
        "up", "oldObject == null || object.spec.replicas >= oldObject.spec.replicas"
    )
    code, release = check(transition, [scaled(5)], [scaled(2)])
    (finding,) = of(release, "up")
    assert (code, finding["severity"], finding["direction"]) == (1, "error", "rollback")


@pytest.fixture
def check_own(tmp_path):
    """Check a release that holds its policies itself."""

    def judged(before, after):
        for name, bodies in (("before", before), ("after", after)):
            (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump_all(bodies))
        done = policylint(
            *("check", str(tmp_path / "after.yaml"), "--before", str(tmp_path / "before.yaml")),
            *("--kube-version", "1.36", "--format", "json"),
        )
        return done.returncode, json.loads(done.stdout)["releases"][0]

    return judged


def test_a_policy_that_was_there_judges_the_releases_own_objects(check_own):
    own = policy("few", "object.spec.replicas <= 5")
    code, release = check_own([*own, scaled(2)], [*own, scaled(9)])
    (finding,) = of(release, "few")
    assert (code, finding["confidence"], finding["direction"]) == (1, "certain", "upgrade")


def test_a_policy_that_comes_with_the_upgrade_judges_nothing_that_is_sent_before_it(check_own):
    own = policy("few", "object.spec.replicas <= 5")
    _, release = check_own([scaled(2)], [scaled(9), *own])
    assert of(release, "few") == []


def test_a_policy_that_comes_with_the_upgrade_judges_the_way_back(check_own):
    own = policy("few", "object.spec.replicas <= 5")
    _, release = check_own([scaled(9)], [scaled(2), *own])
    (finding,) = of(release, "few")
    assert (finding["severity"], finding["direction"]) == ("warning", "rollback")
    assert finding["confidence"] == "certain"


def test_a_policy_that_comes_with_the_upgrade_may_judge_the_pods_of_its_workloads(check_own):
    own = policy("named", "object.spec.containers.all(c, c.name != 'web')", ("pods",))
    code, release = check_own([scaled(2)], [scaled(3), *own])
    (finding,) = of(release, "named")
    assert (code, finding["confidence"], finding["direction"]) == (1, "depends", "upgrade")
    assert "comes with this upgrade" in finding["because"]


def test_a_binding_that_comes_with_the_upgrade_may_judge_hooks_behind_it(check_own):
    own = policy("none", "false", ("configmaps",))
    for event, confidence in (("post-upgrade", ["depends"]), ("pre-upgrade", [])):
        hook = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "c", "annotations": {"helm.sh/hook": event}},
        }
        _, release = check_own([own[0], scaled(2)], [scaled(2), *own, hook])
        assert [finding["confidence"] for finding in of(release, "none")] == confidence


def _written(path, documents):
    path.write_text(yaml.safe_dump_all(documents))
    return str(path)


def _between(tmp_path, before, after, *words):
    sides = (
        _written(tmp_path / "a.yaml", after),
        "--before",
        _written(tmp_path / "b.yaml", before),
    )
    done = policylint("check", *sides, "--kube-version", "1.36", "--format", "json", *words)
    return done.returncode, json.loads(done.stdout)["releases"][0]


def test_a_policy_that_only_the_cluster_has_is_asked(tmp_path):
    live = _written(tmp_path / "live.yaml", policy("few", "object.spec.replicas <= 5"))
    code, release = _between(tmp_path, [DEPLOYMENT], [scaled(9)], "--live", live)
    assert (code, len(of(release, "few"))) == (1, 1)
    code, release = _between(tmp_path, [DEPLOYMENT], [scaled(3)], "--live", live)
    assert (code, of(release, "few")) == (0, [])


def _hooks(documents, event):
    metadata = {"annotations": {"helm.sh/hook": event}}
    return [{**body, "metadata": {**body["metadata"], **metadata}} for body in documents]


def test_a_policy_that_an_earlier_hook_left_is_asked(tmp_path):
    left = _hooks(policy("few", "object.spec.replicas <= 5"), "post-install")
    code, release = _between(tmp_path, [DEPLOYMENT, *left], [scaled(9), *left])
    (finding,) = of(release, "few")
    assert (code, finding["confidence"]) == (1, "certain")


@pytest.mark.parametrize(("event", "direction"), [("pre-upgrade", "upgrade"), ("post-upgrade", "")])
def test_a_policy_that_is_a_hook_meets_what_comes_after_it(tmp_path, event, direction):
    hooks = _hooks(policy("few", "object.spec.replicas <= 5"), event)
    _, release = _between(tmp_path, [DEPLOYMENT], [scaled(9), *hooks])
    found = [(item["direction"], item["confidence"]) for item in of(release, "few")]
    assert found == ([(direction, "depends")] if direction else [])
