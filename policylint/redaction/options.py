"""Secrets among the words of a command: `--token X`, `mysql -pX`, `curl -u user:X`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policylint.redaction.assigned import is_secret_value
from policylint.redaction.shapes import Span
from policylint.redaction.vocabulary import secret_key, word_set
from policylint.runtime.patterns import pattern

PROGRAMS = {
    "curl": ("-u", "--user", "-U", "--proxy-user"),
    "wget": ("--http-password",),
    "http": ("-a", "--auth"),
    "https": ("-a", "--auth"),
    "mysql": ("-p",),
    "mysqldump": ("-p",),
    "mysqladmin": ("-p",),
    "mariadb": ("-p",),
    "mongo": ("-p",),
    "mongosh": ("-p",),
    "mongodump": ("-p",),
    "mongorestore": ("-p",),
    "sshpass": ("-p",),
    "redis-cli": ("-a",),
    "etcdctl": ("--user",),
    "ldapsearch": ("-w",),
    "ldapadd": ("-w",),
    "ldapmodify": ("-w",),
    "rabbitmqadmin": ("-p",),
    "smbclient": ("-U",),
    "sqlcmd": ("-P",),
    "bcp": ("-P",),
    "ipmitool": ("-P",),
    "keytool": ("-storepass", "-keypass"),
    "openssl": ("-passin", "-passout", "-pass", "-k"),
    "login": ("-p",),
    "psexec": ("-p",),
    "cqlsh": ("-p",),
    "twine": ("-p",),
    "mosquitto_pub": ("-P",),
    "mosquitto_sub": ("-P",),
    "ab": ("-A",),
    "lftp": ("-u",),
    "ssh-keygen": ("-N", "-P"),
    "zip": ("-P",),
    "unzip": ("-P",),
    "7z": ("-p",),
}
"""The short options of programs that take a secret, or a login, by the manual of each; `login` is
that of docker, podman, helm, oras, oc, cf, skopeo, crane and az."""
_ATTACHED = word_set("curl mysql mysqldump mysqladmin mariadb sshpass 7z zip unzip")
"""Programs that take the secret in the option's own word: `-pX`, `-uname:X`."""
_ONLY_ATTACHED = word_set("mysql mysqldump mysqladmin mariadb 7z")
"""Those that take it nowhere else: in `mysql -p app` the last word is a database."""
_SPLIT = frozenset(("-u", "--user", "-U", "--proxy-user", "--auth", "-A"))
"""Options that take `user:password`, of which only the password is one."""
_PROSE = word_set(
    "a an and are as at before by came can cannot does for from has in into is it its may "
    "must needs not of on or prints puts sends shows so stays takes than that the then to "
    "was when where which will with without"
)
"""What follows an option in a sentence about it."""
_WORDS = pattern(r"\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|(?:[^\s\"';|&\\]|\\.)+|[;|&\n\\]")
"""What a backslash stands before opens no quotes: else a thousand of them are read to the end of
their line, each anew."""
_PROGRAM = pattern(rf"\b(?:{'|'.join(PROGRAMS)})\b")
_LONG = pattern(r"--?[A-Za-z][\w.-]*")


def option_spans(text: str) -> Iterator[Span]:
    """Where the words of the commands in a text are the secrets of options."""
    if " -" not in text and not text.startswith("-"):
        return
    words = list(_WORDS.finditer(text))
    for number, start, end in secret_words([word[0] for word in words]):
        yield words[number].start() + start, words[number].start() + end
    for word in words:
        if word[0][0] in "\"'" and len(word[0]) > 2:  # a command in a string: sh -c "..."
            for start, end in option_spans(word[0][1:-1]):
                yield word.start() + 1 + start, word.start() + 1 + end


def secret_words(words: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """(number, start, end): the part of a word that is the secret of the option before it."""
    program = ""
    for number, quoted in enumerate(words):
        word = quoted.strip("\"'")
        name = word.rpartition("/")[2]
        if word in (";", "|", "&", "\n"):
            program = ""
        elif name in PROGRAMS and not word.startswith("-"):
            program = name
        part = _secret_part(program, words[number - 1].strip("\"'") if number else "", word)
        if part is not None and is_secret_value(word[slice(*part)]):
            offset = quoted.find(word)
            yield number, offset + part[0], offset + part[1]


def _secret_part(program: str, option: str, word: str) -> Span | None:
    known = PROGRAMS.get(program, ())
    if option in known and program not in _ONLY_ATTACHED:
        return _behind_user(option, word)
    if word.startswith("-"):
        return _attached(program, word)
    if word in _PROSE:
        return None
    if _LONG.fullmatch(option) and secret_key(option):
        return (0, len(word))
    return None


def _attached(program: str, word: str) -> Span | None:
    """The secret in the option's own word: `-pX`, `--user=name:X`."""
    known = PROGRAMS.get(program, ())
    option, assigned, _ = word.partition("=")
    if assigned and option.startswith("--") and option in known:
        skipped = len(option) + 1
        part = _behind_user(option, word[skipped:])
        return part and (skipped + part[0], skipped + part[1])
    if program in _ATTACHED and word[:2] in known and len(word) > 2:
        part = _behind_user(word[:2], word[2:])
        return part and (2 + part[0], 2 + part[1])
    return None


def _behind_user(option: str, word: str) -> Span | None:
    if word.startswith("-"):
        return None
    separator = next((mark for mark in ":%," if mark in word), ":")
    user, separated, _ = word.partition(separator)
    if option in _SPLIT:
        if separated:
            return (len(user) + 1, len(word))
        return None
    return 0, len(word)
