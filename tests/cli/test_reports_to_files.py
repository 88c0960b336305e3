"""A report goes where its file leads, and a link stays a link."""

import json
import subprocess
import sys

OBJECT = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}'


def check(folder, output, *formats):
    (folder / "a.yaml").write_text(OBJECT)
    words = [sys.executable, "-m", "policylint", "check", "a.yaml", "--before", "a.yaml"]
    for name in formats:
        words += ["--format", name]
    with output.open("w") as file:
        return subprocess.run(words, cwd=folder, stdout=file, check=False).returncode


def test_a_link_to_the_output_is_the_output(tmp_path):
    link, output = tmp_path / "link", tmp_path / "out.json"
    link.symlink_to(output)
    assert check(tmp_path, output, f"json={link}") == 0
    assert link.is_symlink()
    assert json.loads(output.read_text())["verdict"] == "pass"


def test_behind_a_link_the_file_itself_is_written(tmp_path):
    link, report = tmp_path / "link", tmp_path / "report.json"
    report.write_text("old")
    link.symlink_to(report)
    assert check(tmp_path, tmp_path / "out.txt", "text", f"json={link}") == 0
    assert link.is_symlink()
    assert json.loads(report.read_text())["verdict"] == "pass"
    assert "PASS" in (tmp_path / "out.txt").read_text()
