"""What cannot be rendered is a clear error: helm's own words, the command, file, line and what to
do."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from policylint.errors import PolicylintError, RenderError, SourceError, UsageError
from policylint.helm.engines import choose
from policylint.helm.engines.binary import HelmBinary, find_helm, read_version
from policylint.helm.engines.choose import choose_engine
from policylint.helm.engines.embedded import Embedded
from policylint.helm.engines.engine import Engine
from policylint.helm.engines.library import is_installed
from policylint.helm.inputs.sides import ChartSide, ValuesInput
from policylint.helm.render.pair import Renders
from tests.helms import LINES, any_helm, helm

ENGINES = [*LINES, "embedded"]
CHART = "apiVersion: v2\nname: web\nversion: 0.1.0\n"


def engine(name: str) -> Engine:
    if name != "embedded":
        return helm(name)
    if not is_installed():
        pytest.skip("the embedded engine is not installed")
    return Embedded()


@pytest.fixture
def chart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    monkeypatch.chdir(tmp_path)

    def make(template: str = "kind: A\n", **files: str) -> Path:
        written = {"Chart.yaml": CHART, "templates/a.yaml": template, "values.yaml": "", **files}
        for name, text in written.items():
            file = Path("web", name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return Path("web")

    return make


def refusal(name: str, **flags: object) -> PolicylintError:
    with pytest.raises(PolicylintError) as caught:
        engine(name).render(ChartSide("web", **flags))
    return caught.value


@pytest.mark.parametrize("name", ENGINES)
def test_a_failed_template_names_its_file_line_and_the_command(
    chart: Callable[..., Path], name: str
) -> None:
    chart("kind: A\nvalue: {{ .Values.a.b.c }}\n")
    error = refusal(name, namespace="prod", values=ValuesInput(set=("x=1",)))
    assert isinstance(error, RenderError)
    assert (error.file, error.line) == (str(Path("web/templates/a.yaml")), 2)
    assert "nil pointer evaluating" in error.message
    newest = ChartSide("web").kube_version
    command = (
        f"template release-name web --namespace prod --kube-version {newest}.0"
        " --include-crds --is-upgrade --set x=1"
    )
    assert command in error.message


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize(
    ("template", "line", "words"),
    [
        ('kind: A\n\nb: {{ required "b is needed" .Values.b }}\n', 3, "b is needed"),
        ('kind: A\n{{ fail "no" }}\n', 2, "no"),
        ("kind: A\n{{ if }}\n", 2, "missing value for if"),
        ("kind: A\nb: [1\n", 0, "YAML parse error on web/templates/a.yaml"),
    ],
)
def test_the_place_is_read_from_each_kind_of_message(
    chart: Callable[..., Path], name: str, template: str, line: int, words: str
) -> None:
    chart(template)
    error = refusal(name)
    assert error.file == str(Path("web/templates/a.yaml"))
    assert error.line == line or not line
    assert words in error.message


@pytest.mark.parametrize("name", ENGINES)
def test_secret_values_of_the_command_line_are_not_shown(
    chart: Callable[..., Path], name: str
) -> None:
    chart('{{ fail "no" }}')
    values = ValuesInput(
        set=(
            "db.password=s3cr3t,host=h",
            "apiToken=s3cr3t",
            "list={a,b},tls\\.key=s3cr3t",
            "image.tag=2",
        ),
        set_string=("auth.secretKey=s3cr3t",),
        set_literal=("dsn=s3cr3t,more=s3cr3t",),
        set_json=('creds={"password":"s3cr3t"}', "replicas=3"),
    )
    shown = refusal(name, values=values).message
    assert "s3cr3t" not in shown
    assert "host=h" in shown
    assert "image.tag=2" in shown
    assert "replicas=3" in shown


def test_credentials_for_a_repository_are_not_shown() -> None:
    side = ChartSide(
        "web", repo="https://me:s3cr3t@127.0.0.1:9", extra=("--username", "me", "--password=s3cr3t")
    )
    with pytest.raises(RenderError) as caught:
        any_helm().render(side)
    command = caught.value.message.rpartition("the command was: ")[2]
    assert "s3cr3t" not in command
    assert "https://(redacted)@127.0.0.1:9" in command


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- a\n", ("cannot unmarshal array", "not a map")),
        ("a: [1\n", ("not YAML", "yaml: line")),
        ("a:\n\tb: 1\n", ("token", "tab")),
    ],
    ids=["list", "not YAML", "tab"],
)
def test_a_values_file_that_is_none(
    chart: Callable[..., Path], name: str, text: str, words: tuple[str, ...]
) -> None:
    chart()
    Path("bad.yaml").write_text(text)
    error = refusal(name, values=ValuesInput(files=("bad.yaml",)))
    assert error.file == "bad.yaml"
    assert any(word in str(error) for word in words)
    assert error.remedy


@pytest.mark.parametrize("name", ENGINES)
def test_values_that_are_not_utf8(chart: Callable[..., Path], name: str) -> None:
    chart()
    Path("bad.yaml").write_bytes(b"a: \xff\xfe\n")
    error = refusal(name, values=ValuesInput(files=("bad.yaml",)))
    assert error.file == "bad.yaml"


@pytest.mark.parametrize("name", ENGINES)
def test_a_template_that_is_not_utf8(chart: Callable[..., Path], name: str) -> None:
    (chart() / "templates" / "a.yaml").write_bytes(b"kind: A\nname: \xff\xfe\n")
    assert isinstance(refusal(name), RenderError)


@pytest.mark.parametrize("name", ENGINES)
def test_a_chart_yaml_that_is_none(chart: Callable[..., Path], name: str) -> None:
    chart(**{"Chart.yaml": "name: [web\n"})
    assert "Chart.yaml" in refusal(name).message


@pytest.mark.parametrize("name", ENGINES)
def test_symbolic_links_in_a_circle(chart: Callable[..., Path], name: str) -> None:
    made = chart()
    (made / "templates" / "x.yaml").symlink_to("y.yaml")
    (made / "templates" / "y.yaml").symlink_to("x.yaml")
    assert "too many" in refusal(name).message


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("member", ["web/../../escaped.yaml", "/escaped.yaml", "../escaped.yaml"])
def test_an_archive_that_climbs_out_of_the_chart(tmp_path: Path, name: str, member: str) -> None:
    archive = tmp_path / "web-0.1.0.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        for path, text in (("web/Chart.yaml", CHART), (member, "kind: A\n")):
            entry = tarfile.TarInfo(path)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    for values in (ValuesInput(), ValuesInput(set=("a=1",))):
        try:
            text = engine(name).render(ChartSide(str(archive), values)).text
        except PolicylintError as error:
            text = ""
            assert error.remedy
        assert text.strip() == ""
    assert [path.name for path in tmp_path.iterdir()] == [archive.name]


@pytest.mark.parametrize("name", ENGINES)
def test_files_outside_the_chart_are_not_read(chart: Callable[..., Path], name: str) -> None:
    chart('kind: A\nvalue: {{ .Files.Get "../outside" | quote }}\n')
    Path("outside").write_text("s3cr3t")
    assert "s3cr3t" not in engine(name).render(ChartSide("web")).text


@pytest.mark.parametrize(
    "extra",
    [
        ("--output-dir", "out"),
        ("--validate",),
        ("--dry-run=server",),
        ("--dependency-update",),
        ("--debug",),
        ("-s", "a"),
    ],
)
@pytest.mark.parametrize("name", ENGINES)
def test_arguments_that_write_or_ask_the_cluster_are_refused(
    chart: Callable[..., Path], name: str, extra: tuple[str, ...]
) -> None:
    chart()
    with pytest.raises(UsageError, match="cannot be passed on"):
        engine(name).render(ChartSide("web", extra=extra))
    assert not Path("out").exists()


def script(path: Path, body: str) -> str:
    path.write_text(f"#!{sys.executable}\n{body}\n")
    path.chmod(0o755)
    return str(path)


def test_a_helm_that_hangs_is_stopped_with_all_it_started(
    chart: Callable[..., Path], tmp_path: Path
) -> None:
    chart()
    body = f"""import subprocess, sys, time
if "version" in sys.argv:
    print("v3.15.0")
else:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    open({str(tmp_path / "pid")!r}, "w").write(str(child.pid))
    time.sleep(60)"""
    began = time.monotonic()
    with pytest.raises(RenderError, match="did not end within 1 seconds and was stopped"):
        HelmBinary(script(tmp_path / "helm", body), time_limit=1).render(ChartSide("web"))
    assert time.monotonic() - began < 15
    assert ends(int((tmp_path / "pid").read_text()))


def ends(pid: int) -> bool:
    """Whether the process is gone, or dead and not yet waited for, within a few seconds."""
    for _ in range(50):
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().rpartition(") ")[2].startswith("Z"):
            return True
        time.sleep(0.1)
    return False


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks at /proc")
def test_ctrl_c_leaves_no_helm_and_no_copy_behind(
    chart: Callable[..., Path], tmp_path: Path
) -> None:
    chart()
    slow = (
        "import os, sys, time\n"
        + f"open({str(tmp_path / 'pids')!r}, 'a').write(f'{{os.getpid()}}\\n')\ntime.sleep(60)"
    )
    program = f"""
from policylint.helm.engines.binary import HelmBinary
from policylint.helm.render.pair import Renders
from policylint.helm.inputs.sides import ChartSide
from policylint.helm.inputs.workspace import Workspace
with Workspace() as workspace, Renders(HelmBinary({script(tmp_path / "helm", slow)!r})) as renders:
    directory = workspace.directory()
    both = [renders.start(ChartSide("web")) for _ in range(2)]
    print(directory, flush=True)
    both[0].wait()
"""
    running = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    directory = Path(running.stdout.readline().strip())
    while not (tmp_path / "pids").exists() or len((tmp_path / "pids").read_text().split()) < 3:
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in running.communicate(timeout=20)[1]
    assert all(ends(int(pid)) for pid in (tmp_path / "pids").read_text().split())
    assert not directory.exists()


def test_a_render_that_nobody_waits_for_is_ended(
    chart: Callable[..., Path], tmp_path: Path
) -> None:
    chart()
    slow = (
        f"import os, time\nopen({str(tmp_path / 'pids')!r}, 'a').write(f'{{os.getpid()}}\\n')\n"
        "time.sleep(60)"
    )
    with Renders(HelmBinary(script(tmp_path / "helm", slow))) as renders:
        renders.start(ChartSide("web"))
        while not (tmp_path / "pids").exists() or len((tmp_path / "pids").read_text().split()) < 2:
            time.sleep(0.05)
    assert all(ends(int(pid)) for pid in (tmp_path / "pids").read_text().split())


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("Client: v2.17.0+ga690bad", "is Helm 2.17.0, which is too old"),
        ("v3.7.2+g663a896", "is Helm 3.7.2, which is too old"),
        ("usage: something else", "does not answer `helm version` as Helm does"),
    ],
)
def test_a_helm_that_is_too_old_or_none(
    chart: Callable[..., Path], tmp_path: Path, answer: str, words: str
) -> None:
    chart()
    path = script(
        tmp_path / "helm", f"import sys\nprint({answer!r})\nsys.exit('version' not in sys.argv)"
    )
    with pytest.raises(SourceError) as caught:
        HelmBinary(path).render(ChartSide("web"))
    assert words in str(caught.value)
    assert "--helm" in caught.value.remedy


@pytest.mark.parametrize(
    ("answer", "version"), [("v3.8.0+gabc", "3.8.0"), ("v4.3", "4.3"), ("v3.22.0", "3.22.0")]
)
def test_versions(answer: str, version: str) -> None:
    assert read_version("helm", answer) == version


def test_no_helm_and_no_embedded_engine_names_both_ways_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("POLICYLINT_HELM", raising=False)
    monkeypatch.setattr("policylint.helm.engines.library.find_spec", lambda _: None)
    with pytest.raises(SourceError) as caught:
        choose.choose_engine()
    assert "--helm" in caught.value.remedy
    assert "policylint[embedded]" in caught.value.remedy


def test_which_helm_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named, variable, on_path = (
        script(tmp_path / name, "") for name in ("named", "variable", "helm")
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("POLICYLINT_HELM", raising=False)
    assert find_helm() == on_path
    monkeypatch.setenv("POLICYLINT_HELM", variable)
    assert find_helm() == variable
    assert find_helm(named) == named
    with pytest.raises(SourceError, match="--helm names nowhere, which is no program"):
        find_helm("nowhere")
    monkeypatch.setenv("POLICYLINT_HELM", str(tmp_path / "gone"))
    with pytest.raises(SourceError, match="POLICYLINT_HELM names"):
        choose_engine()


def test_a_program_that_cannot_be_run(tmp_path: Path) -> None:
    broken = tmp_path / "helm"
    broken.write_bytes(b"\x7fELF")
    broken.chmod(0o755)
    with pytest.raises(SourceError, match="cannot be run"):
        HelmBinary(str(broken)).render(ChartSide("web"))


def test_the_first_import_is_light() -> None:
    heavy = ("typer", "helm_python", "rich", "asyncio", "hypothesis", "re2", "tree_sitter")
    code = (
        f"import sys, policylint.helm.render.rendering; print([m for m in {heavy!r} if m in "
        "sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ}
    )
    assert done.stdout.strip() == "[]"


def test_the_version_of_a_program_is_remembered_and_that_of_a_script_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from policylint.helm.engines.versions import known_version, remember_version

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = any_helm().path
    assert known_version(path) == ""
    version = HelmBinary(path).version
    assert known_version(path) == version
    shim = script(tmp_path / "helm", "print('v3.15.0')")
    assert HelmBinary(shim).version == "3.15.0"
    assert known_version(shim) == ""
    (tmp_path / "cache" / "policylint").rename(tmp_path / "cache" / "moved")
    (tmp_path / "cache" / "policylint").write_text("a file where a directory should be")
    remember_version(path, version)
    assert known_version(path) == ""


@pytest.mark.parametrize("name", ENGINES)
def test_a_schema_s_refusal_does_not_quote_a_secret(chart: Callable[..., Path], name: str) -> None:
    schema = '{"properties": {"dbPassword": {"pattern": "^[0-9]+$"}, "mode": {"enum": ["a"]}}}'
    chart(**{"values.schema.json": schema})
    Path("prod.yaml").write_text("dbPassword: s3cr3t-in-a-file\n")
    for values in (
        ValuesInput(files=("prod.yaml",)),
        ValuesInput(set=("dbPassword=s3cr3t-in-a-flag",)),
    ):
        message = refusal(name, values=values).message
        assert "dbPassword" in message
        assert "s3cr3t-in" not in message


@pytest.mark.parametrize("line", LINES)
def test_warnings_do_not_quote_values(chart: Callable[..., Path], line: str) -> None:
    made = chart(
        **{
            "values.yaml": "sub:\n  token:\n    a: s3cr3t\n",
            "charts/sub/Chart.yaml": CHART.replace("web", "sub"),
        }
    )
    (made / "charts" / "sub" / "values.yaml").write_text("token: s3cr3t\n")
    values = ValuesInput(set=("sub.token=s3cr3t",))
    notes = helm(line).render(ChartSide("web", values)).notes
    assert not any("s3cr3t" in note for note in notes)
