"""Secrets that their place tells: words of commands and of files of logins, and the data of a
Secret's manifest."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policylint.redaction.assigned import in_comment, is_secret_value
from policylint.redaction.shapes import Span, password_like, token_like
from policylint.redaction.vocabulary import secret_key
from policylint.runtime.patterns import pattern

_WORDED = (
    ("login", r"(?m)\blogin[ \t]+\S+\s{1,40}password[ \t]+(?P<secret>\S+)"),  # .netrc
    (
        "requirepass",
        r"(?m)(?:^[ \t]*|[ \t]SET[ \t]+)requirepass[ \t]+[\"']?(?P<secret>[^\s\"']+)",
    ),  # redis.conf
    ("masterauth", r"(?m)^[ \t]*masterauth[ \t]+(?P<secret>\S+)"),
    ("bindpw", r"(?m)^[ \t]*(?:root)?bindpw[ \t]+(?P<secret>\S+)"),  # ldap.conf
    (
        "identified",
        r"(?i)\bidentified[ \t]+(?:with[ \t]+\S+[ \t]+)?by[ \t]+(?:password[ \t]+)?"
        r"'(?P<secret>[^'\n]+)'",
    ),  # SQL
    (
        "identified",
        r"(?i)\b(?:create|alter)[ \t]+user[ \t]+\S+[ \t]+identified[ \t]+by[ \t]+"
        r"(?P<secret>[^\s;']+)",
    ),  # Oracle's, without quotes
    (
        "credential",
        r"(?i)\bcredentials?(?:[ \t]+(?:are|is))?:?[ \t]+[\w.@-]+[ \t]{0,8}/[ \t]{1,8}"
        r"(?P<secret>\S+)",
    ),
    ("password(", r"\bPASSWORD\([ \t]*'(?P<secret>[^'\n]+)'"),
    (
        "insecure-password",
        r"(?m)^[ \t]*user[ \t]+\S+[ \t]+insecure-password[ \t]+(?P<secret>\S+)",
    ),  # haproxy.cfg
    ("password '", r"(?:\bPASSWORD|(?i:\bwith[ \t]+password))[ \t]+'(?P<secret>[^'\n]+)'"),
    ("securestring", r"(?i)To-SecureString[ \t]+(?:-String[ \t]+)?[\"'](?P<secret>[^\"'\n]+)"),
    (
        "htpasswd",
        r"(?m)\bhtpasswd[ \t]+-\w*b\w*(?:[ \t]+\S+){1,8}?[ \t]+(?P<secret>\S+)[ \t]*(?:$|[;&|])",
    ),
    ("rabbitmqctl", r"\b(?:add_user|change_password)[ \t]+\S+[ \t]+(?P<secret>\S+)"),
    (
        "mc ",
        r"\bmc[ \t]+(?:alias[ \t]+set|config[ \t]+host[ \t]+add)(?:[ \t]+\S+){3}[ \t]+"
        r"(?P<secret>\S+)",
    ),
    (
        "sqlplus",
        r"\bsqlplus(?:[ \t]+-\S{1,80}){0,8}[ \t]+[\"']?[\w$#]{1,128}/(?P<secret>[^\s@\"']+)",
    ),
    (
        "@",
        r"(?i)\b(?:connect|impdp|expdp|sqlldr)[ \t]+[\w$#]{1,128}/(?P<secret>[^\s@\"'/]{1,128})@",
    ),
    (":pserver:", r":pserver:[^\s:@]{1,128}:(?P<secret>[^\s@]{1,128})@"),
    ("net user", r"(?i)\bnet[ \t]+user[ \t]+\S+[ \t]+(?P<secret>[^\s/*]\S*)"),
    ("/p", r"(?i)(?<!\S)/p(?:w|ass|assword)?:(?P<secret>\S+)"),
    ("sp_addlogin", r"(?i)\bsp_addlogin[ \t]+'[^'\n]+'[ \t]*,[ \t]*'(?P<secret>[^'\n]+)'"),
    (
        "db.auth(",
        r"\bdb\.auth\([ \t]*[\"'][^\"'\n]+[\"'][ \t]*,[ \t]*[\"'](?P<secret>[^\"'\n]+)",
    ),
    ("secret set", r"\bsecret[ \t]+set[ \t][^\n]{0,200}?--body[= ][\"']?(?P<secret>[^\s\"']+)"),
    (
        "<<<",
        r"(?:[ \t]-S|--(?:password|token)-stdin|\bkinit|\bpasswd)\b[^\n|<]{0,80}<<<[ \t]*[\"']?"
        r"(?P<secret>[^\s\"']+)",
    ),
    ("chpasswd", r"[ \t][\"']?[\w.-]+:(?P<secret>[^\s\"'|]++)(?=[^\n]{0,40}\|[^\n]{0,40}chpasswd)"),
    ("chpasswd", r"\bchpasswd[^\n]{0,40}<<<[ \t]*[\"']?[\w.-]+:(?P<secret>[^\s\"']+)"),
    ("stats", r"\bstats[ \t]+auth[ \t]+[^\s:]+:(?P<secret>\S+)"),  # haproxy.cfg
    ("cache_peer", r"[ \t]login=[^\s:]+:(?P<secret>\S+)"),  # squid.conf
    ("community", r"(?m)^[ \t]*(?:ro|rw)community6?[ \t]+(?P<secret>\S+)"),  # snmpd.conf
    (
        "user ",
        r"(?m)(?:^[ \t]*user|SETUSER)[ \t]+\S+[^\n>]{0,200}[ \t]>(?P<secret>\S+)",
    ),
    (
        ":",
        r"(?m)^(?:localhost|\*|[\w-]+(?:\.[\w-]+)+):(?:\d{4,5}|\*)(?::[^:\s]{1,100}){2}"
        r":(?P<secret>[^:\s]+)$",
    ),  # .pgpass
)
"""(a word that the text must hold, in lower case; the form): a key and its value with nothing but a
blank between them, or no key at all."""
_FORMS = tuple((word, pattern(form)) for word, form in _WORDED)
_NAMES = ("pass", "secret", "token", "key", "cred", "pw", "jwt", "dsn", "psk")
"""One of these a text must hold for a word that names secrets."""
_BESIDE = pattern(
    r"(?i)(?:(?<!\w)|(?<=%26)|(?<=%3f))(?P<key>[a-z_][\w.-]{0,100})\\?[\"'\])]{0,3}[ \t]{0,8}"
    r"(?:(?:[,=:({<]|is|was|%3d|%22|\r?\n:)[<\"' \t]{0,8}|[ \t](?=[\w\"']))[\"'(u\\]{0,3}?"
    r"(?=(?P<secret>(?:(?<![a-z0-9])|(?<=%3d)|(?<=%22))[a-z0-9][\w+/=.~-]{11,4096}))"
)
"""A word that looks like a secret behind one that names secrets, whatever stands between them."""
_BLOCK = pattern(
    r"\b(?:variable[ \t]+\"(?P<name>[\w.-]{1,200})\"|set_sensitive)[ \t]*\{"
    r"[^{}]{0,2000}?\b(?:default|value)[ \t]*=[ \t]*\"(?P<secret>[^\"\n]+)\""
)
"""A variable of Terraform, a sensitive value of its helm_release."""
_DOCKERFILE = pattern(r"(?m)^[ \t]*(?:ENV|ARG)[ \t]+(?P<key>[\w.-]{1,200})[ \t]+(?P<secret>\S+)")
_VAULT = pattern(r"\bvault[ \t]+login[ \t]+(?P<secret>[\w.-]{8,512})")
_SPOKEN = pattern(
    r"(?i)\b(?:password|passwd|passphrase|pwd)[ \t]+(?:(?:is|was)[ \t]+)?"
    r"(?P<secret>[^\s\"'=]{8,128})"
)
_ACCOUNTS = pattern(
    r"(?m)^(?P<indent>[ \t]*)chpasswd:[ \t]*\r?\n(?P<lines>(?:(?P=indent)[ \t]++[^\n]*+\n?)+)"
)
_ACCOUNT = pattern(r"(?m)^[ \t]*(?:-[ \t]+)?[\"']?[\w.-]+:(?P<secret>[^\s\"':]+)")
"""A line of `chpasswd` in a configuration of cloud-init."""
_PIPED = pattern(
    r"\b(?:echo|printf)(?:[ \t]+-\w{1,8}|[ \t]+[\"']?%s\S{0,8}){0,4}[ \t]+"
    r"(?P<secret>\"[^\"\n]{1,4096}\"|'[^'\n]{1,4096}'|[^\s\"'|]{1,4096})[ \t]*\|"
    r"(?=[^\n|]{0,400}--(?:(?:password|token)-stdin|with-token)|[ \t]*kinit\b"
    r"|[ \t]*sudo[ \t]+-S|[ \t]*passwd\b)"
)
_SETTING = pattern(
    r"\b(?:configure|config|env|secret|variable)[ \t]+set(?:[ \t]+-\S{1,80}){0,8}[ \t]+"
    r"(?P<key>[\w./:@-]{1,200})[ \t]+(?P<secret>[^\s-]\S*)"
)
_KEYED = (
    (
        "(",
        r"\b(?:define|(?:put|set)(?:env|default|property)?)\([ \t]*[\"'](?P<key>[\w.-]{1,200})[\"']"
        r"[ \t]*,[ \t]*[\"'](?P<secret>[^\"'\n]+)[\"']",
    ),
    (
        "]",
        r"\[[\"'](?P<key>[\w.-]{1,200})[\"']\][ \t]{0,8}=[ \t]{0,8}[\"'](?P<secret>[^\"'\n]+)",
    ),
    ("$", r"\$(?P<key>\w{1,200})[ \t]{0,8}=[ \t]{0,8}[\"'](?P<secret>[^\"'\n]+)"),  # PHP
    (
        "%3d",
        r"(?:(?<=%26)|(?<=%3f)|(?<![\w.%-]))(?P<key>[a-z_][\w.-]{0,200})%3d(?P<secret>[^%&\s\"']+)",
    ),
    ("? ", r"(?m)^[ \t]*\?[ \t]+(?P<key>[\w.-]{1,200})[ \t]*\r?\n[ \t]*:[ \t]+(?P<secret>\S+)"),
    (
        "str",
        r"\b(?P<key>\w{1,200})[ \t]{0,8}(?::[ \t]{0,8}|[ \t])(?:&(?:'\w+[ \t])?)?"
        r"(?:string|str)\b\??[ \t]{0,8}:?=[ \t]{0,8}[\"'`](?P<secret>[^\"'`\n]+)",
    ),  # a variable with its type
    (
        " ",
        r"\b(?P<key>password|passwd|passphrase|psk)[ \t]+"
        r"(?P<quote>[\"'])(?P<secret>[^\"'\n]+)(?P=quote)",
    ),
    (
        " ",
        r"(?m)^[ \t]+(?:user[ \t]+\S+[ \t]+)?(?P<key>[a-z][\w-]{0,60})[ \t]+"
        r"(?P<secret>(?![A-Za-z]+[.,;:!?]?[ \t]*$)[^\s:=]+)[ \t]*$",
    ),  # a directive: haproxy, Fluentd
)
"""(a word that the text must hold, in lower case; the form): the key in it names the secret."""
_KEYED_FORMS = tuple((word, pattern(f"(?i){form}")) for word, form in _KEYED)
_LITERALS = pattern(r"\bcreate[ \t]+secret\b(?P<options>(?:[^\n;|&\\]|\\.){0,4096})", 16)  # DOTALL
_LITERAL = pattern(r"--from-literal[= ][\"']?[\w.-]{1,253}=(?P<secret>[^\s\"']+)")
_SECRET = pattern(
    r"(?m)\bkind\\*+[\"']?[ \t]{0,8}:[ \t]{0,8}\\*+[\"']?Secret\\*+[\"']?[ \t]*(?=[,}\r\n]|\Z)"
)
_DOCUMENT = pattern(r"(?m)^[ \t]*---(?=\s|\Z)|\Z")
_DATA = pattern(r"(?m)^(?P<indent>[ \t-]*)(?:data|stringData):[ \t]*\r?\n")
_LINE = pattern(
    r"(?m)^(?P<indent>[ \t]*)(?P<key>[\"']?[\w.-]{1,253}[\"']?:(?:[ \t]+|$))?(?P<value>.*)$"
)
_BLOCK_MARK = pattern(r"[|>][-+\d]{0,3}|")
_JSON_DATA = pattern(r"\"(?:data|stringData)\\*+\"[ \t]{0,8}:[ \t]{0,8}\{(?P<entries>[^{}]*)\}")
_JSON_ENTRY = pattern(r":[ \t]{0,8}\\*+\"(?P<secret>[^\"\\]+)")


def context_spans(text: str) -> Iterator[Span]:
    """Where secrets stand that neither a key nor their shape tells."""
    lowered = text.lower()
    for _, form in filter(lambda row: row[0] in lowered, _FORMS):
        yield from (match.span("secret") for match in form.finditer(text))
    yield from _command_spans(text)
    if any(name in lowered for name in _NAMES):
        yield from _beside_spans(text)
        yield from _spoken_spans(text)
        yield from _keyed_spans(text, lowered)
    yield from _block_spans(text)
    if "Secret" in text and _SECRET.search(text):
        yield from _manifest_spans(text)


def _block_spans(text: str) -> Iterator[Span]:
    if "variable" not in text and "set_sensitive" not in text:
        return
    for block in _BLOCK.finditer(text):
        if block["name"] is None or secret_key(block["name"]):
            yield block.span("secret")


def _beside_spans(text: str) -> Iterator[Span]:
    for pair in _BESIDE.finditer(text):
        names_object = pair["key"].lower() in ("secret", "secrets")
        is_secret = secret_key(pair["key"]) and not names_object and token_like(pair["secret"])
        if is_secret and not in_comment(text, pair.start()):
            yield pair.span("secret")


def _spoken_spans(text: str) -> Iterator[Span]:
    """Passwords in a sentence."""
    for spoken in _SPOKEN.finditer(text):
        if password_like(spoken["secret"]) and not in_comment(text, spoken.start()):
            yield spoken.span("secret")


def _keyed_spans(text: str, lowered: str) -> Iterator[Span]:
    for _, form in filter(lambda row: row[0] in lowered, _KEYED_FORMS):
        for keyed in form.finditer(text):
            is_secret = secret_key(keyed["key"]) and is_secret_value(keyed["secret"])
            if is_secret and not in_comment(text, keyed.start()):
                yield keyed.span("secret")


def _command_spans(text: str) -> Iterator[Span]:
    # Each form is looked for where its own words stand: few texts hold any, and patterns that are
    # not used are not compiled.
    if "ENV" in text or "ARG" in text:
        yield from _image_spans(text)
    if "vault" in text:
        yield from _vault_spans(text)
    for word in _command_words(text):
        if is_secret_value(word["secret"]):
            yield word.span("secret")


def _command_words(text: str) -> Iterator[re.Match[str]]:
    if "|" in text:
        yield from _PIPED.finditer(text)
    if "chpasswd:" in text:
        for accounts in _ACCOUNTS.finditer(text):
            yield from _ACCOUNT.finditer(text, *accounts.span("lines"))
    if " set " in text:
        yield from (word for word in _SETTING.finditer(text) if secret_key(word["key"]))
    if "--from-literal" in text:
        for command in _LITERALS.finditer(text):
            yield from _LITERAL.finditer(text, *command.span("options"))


def _image_spans(text: str) -> Iterator[Span]:
    for variable in _DOCKERFILE.finditer(text):
        if secret_key(variable["key"]) and is_secret_value(variable["secret"]):
            yield variable.span("secret")


def _vault_spans(text: str) -> Iterator[Span]:
    for login in _VAULT.finditer(text):
        if token_like(login["secret"]):
            yield login.span("secret")


def _manifest_spans(text: str) -> Iterator[Span]:
    """The data of the Secrets among the documents of a text, in YAML or JSON."""
    start = 0
    for end in _DOCUMENT.finditer(text):
        if _SECRET.search(text, start, end.start()):
            yield from _data_spans(text, start, end.start())
        start = end.end()


def _data_spans(text: str, start: int, end: int) -> Iterator[Span]:
    read = start
    for data in _DATA.finditer(text, start, end):
        if data.start() >= read:
            for line in _LINE.finditer(text, data.end(), end):
                read = line.start()
                if line["value"] and len(line["indent"]) <= len(data["indent"]):
                    break
                if not _BLOCK_MARK.fullmatch(line["value"]):
                    yield line.span("value")
    for mapping in _JSON_DATA.finditer(text, start, end):
        yield from (
            entry.span("secret") for entry in _JSON_ENTRY.finditer(text, *mapping.span("entries"))
        )
