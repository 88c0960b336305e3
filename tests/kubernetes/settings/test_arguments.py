"""Which settings the arguments and variables of a container hold."""

import pytest

from policylint.kubernetes.settings.arguments import of_container
from policylint.kubernetes.settings.model import changes, gathered, words_of


def settings(container):
    by_name = gathered(of_container(container, "/spec"))
    return {setting.name: setting.values for setting in by_name.values()}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--data-dir=/data"], {"--data-dir": ("/data",)}),
        (["--data-dir", "/data"], {"--data-dir": ("/data",)}),
        (["-c", "max_connections=50"], {"max_connections": ("50",)}),
        (["--leader-elect", "--v=2"], {"--leader-elect": ("true",), "--v": ("2",)}),
        (["--no-auth"], {"--auth": ("false",)}),
        (["-Dserver.port=80"], {"-Dserver.port": ("80",)}),
        (["-Xmx4g"], {"-Xmx": ("4g",)}),
        (["--source=a", "--source=b"], {"--source": ("a", "b")}),
        (["sh", "-c", "X=$(id) app --dir '/a b'"], {"-c": ("true",), "--dir": ("/a b",)}),
        (["server", "/export"], {"argument": ("/export",)}),
    ],
)  # fmt: skip
def test_words_of_a_command_line(words, expected):
    assert settings({"args": words}) == expected


def test_variables_with_their_values_options_and_sources():
    container = {
        "env": [
            {"name": "DB_HOST", "value": " pg "},
            {"name": "JAVA_OPTS", "value": "-Xmx1g -Da.b=c"},
            {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "k"}}},
        ]
    }
    assert settings(container) == {
        "DB_HOST": ("pg",),
        "-Xmx": ("1g",),
        "-Da.b": ("c",),
        "KEY": ("Secret/keys[k]",),
    }


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("KAFKA_CFG_LOG_DIRS", "kafka cfg log dirs"),
        ("log.dirs", "log dirs"),
        ("logDirs", "log dirs"),
        ("S3_BUCKET", "s 3 bucket"),
    ],
)
def test_words_of_a_name(name, words):
    assert words_of(name) == words


def test_a_setting_that_has_another_name_is_renamed():
    before = gathered(of_container({"args": ["--data-path=/data"]}, ""))
    after = gathered(of_container({"args": ["--storage.path=/data"]}, ""))
    assert [(change.name, change.renamed) for change in changes(before, after)] == [
        ("--storage.path", True),
        ("--data-path", True),
    ]
