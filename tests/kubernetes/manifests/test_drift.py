"""Drift: what `--live` shows beside the before side."""

from tests.cli.test_cli import DEPLOYMENT, policylint

LIVE = DEPLOYMENT.replace("replicas: 2", "replicas: 5").replace(
    "  name: web\n", "  name: web\n  uid: a-b\n", 1
)


def test_a_field_changed_by_hand_is_shown_and_the_servers_own_are_not(tmp_path):
    for name, text in (
        ("before", DEPLOYMENT),
        ("after", DEPLOYMENT.replace("web:1", "web:2")),
        ("live", LIVE),
    ):
        (tmp_path / f"{name}.yaml").write_text(
            text + ("status: {replicas: 5}\n" if name == "live" else "")
        )
    arguments = ("check", "after.yaml", "--before", "before.yaml", "--live", "live.yaml")
    done = policylint(*arguments, "--helm-version", "3", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (
        "Deployment default/web: /spec/replicas is 5 in the cluster, 2 on the before side"
        in done.stdout
    )
    assert done.stdout.count(" in the cluster, ") == 1
    done = policylint(*arguments, "--helm-version", "4", cwd=tmp_path)
    assert done.returncode == 1, "server-side apply meets whoever has scaled it"
    assert "conflict with" in done.stdout


def test_a_live_secret_stays_secret(tmp_path):
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {token: %s}\n"
    for name, value in (
        ("before", "aHVudGVyMg=="),
        ("after", "aHVudGVyMg=="),
        ("live", "b3RoZXItb25l"),
    ):
        (tmp_path / f"{name}.yaml").write_text(secret % value)
    done = policylint(
        "check", "after.yaml", "--before", "before.yaml", "--live", "live.yaml", cwd=tmp_path
    )
    assert "b3RoZXItb25l" not in done.stdout
    assert "Secret default/s: /data/token" in done.stdout
