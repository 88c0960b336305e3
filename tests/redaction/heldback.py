"""Secrets and what only looks like them, made from a seed: none of them was ever in use.

The shapes of tokens are those of gitleaks' published rules (config/gitleaks.toml, MIT) and of
detect-secrets' plugins (Apache-2.0); names of keys are detect-secrets' denylist and the vendors
that gitleaks knows. The detectors of policylint were not looked at when these were written down,
and another seed makes another corpus of the same kinds.
"""

from __future__ import annotations

import base64
import json
import random
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass

LOWER, UPPER, DIGITS = string.ascii_lowercase, string.ascii_uppercase, string.digits
ALPHABETS = {
    "a": LOWER + DIGITS,
    "A": UPPER + DIGITS,
    "m": string.ascii_letters + DIGITS,
    "w": string.ascii_letters + DIGITS + "_-",
    "b": string.ascii_letters + DIGITS + "+/",
    "h": DIGITS + "abcdef",
    "H": DIGITS + "ABCDEF",
    "d": DIGITS,
    "B": UPPER + "234567",
    "q": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
}


@dataclass(frozen=True)
class Entry:
    """A text that people write, and the secret in it; "" where it holds none."""

    kind: str
    text: str
    secret: str = ""


TOKENS = {
    "1password": "A3-{A6}-{A11}-{A5}-{A5}-{A5}",
    "1password service": "ops_eyJ{b252}",
    "adobe": "p8e-{a32}",
    "age": "AGE-SECRET-KEY-1{q58}",
    "airtable": "pat{m14}.{h64}",
    "alibaba": "LTAI{m20}",
    "anthropic": "sk-ant-api03-{w93}AA",
    "artifactory": "AKCp{m69}",
    "aws key id": "AKIA{B16}",
    "aws session id": "ASIA{B16}",
    "azure ad": "{m3}8Q~{m34}",
    "clickhouse": "4b1d{m38}",
    "clojars": "CLOJARS_{a60}",
    "cloudflare origin": "v1.0-{h24}-{h146}",
    "databricks": "dapi{h32}",
    "digitalocean": "dop_v1_{h64}",
    "digitalocean oauth": "doo_v1_{h64}",
    "doppler": "dp.pt.{a43}",
    "duffel": "duffel_live_{a43}",
    "dynatrace": "dt0c01.{A24}.{A64}",
    "easypost": "EZAK{a54}",
    "facebook page": "EAAC{m120}",
    "flutterwave": "FLWSECK_TEST-{h32}-X",
    "fly": "fo1_{w43}",
    "frameio": "fio-u-{a64}",
    "gcp": "AIza{w35}",
    "github": "ghp_{m36}",
    "github app": "ghs_{m36}",
    "github fine": "github_pat_{m22}_{m59}",
    "github oauth": "gho_{m36}",
    "github refresh": "ghr_{m36}",
    "gitlab": "glpat-{w20}",
    "gitlab agent": "glagent-{w50}",
    "gitlab deploy": "gldt-{w20}",
    "gitlab runner": "glrt-{w20}",
    "gitlab trigger": "glptt-{h40}",
    "gitlab feed": "glft-{w20}",
    "gitlab registration": "GR1348941{w20}",
    "gitlab scim": "glsoat-{w20}",
    "grafana cloud": "glc_{b40}",
    "grafana service": "glsa_{m32}_{h8}",
    "harness": "pat.{m22}.{h24}.{m20}",
    "heroku": "HRKU-AA{w58}",
    "huggingface": "hf_{m34}",
    "infracost": "ico-{m32}",
    "intra42": "s-s4t2ud-{h64}",
    "linear": "lin_api_{a40}",
    "maxmind": "{m6}_{m29}_mmk",
    "notion": "ntn_{d11}{m35}",
    "npm": "npm_{m36}",
    "octopus": "API-{A26}",
    "openai": "sk-{m20}T3BlbkFJ{m20}",
    "openai project": "sk-proj-{m74}T3BlbkFJ{m74}",
    "openshift": "sha256~{w43}",
    "perplexity": "pplx-{m48}",
    "planetscale": "pscale_tkn_{m43}",
    "planetscale password": "pscale_pw_{m43}",
    "postman": "PMAK-{h24}-{h34}",
    "prefect": "pnu_{m36}",
    "pulumi": "pul-{h40}",
    "pypi": "pypi-AgEIcHlwaS5vcmc{w70}",
    "readme": "rdme_{a70}",
    "rubygems": "rubygems_{h48}",
    "sendgrid": "SG.{w22}.{w43}",
    "sendinblue": "xkeysib-{h64}-{a16}",
    "sentry user": "sntryu_{h64}",
    "shippo": "shippo_live_{h40}",
    "shopify": "shpat_{h32}",
    "shopify shared": "shpss_{h32}",
    "slack app": "xapp-1-{A11}-{d13}-{a64}",
    "slack bot": "xoxb-{d12}-{d12}-{m24}",
    "slack user": "xoxp-{d12}-{d12}-{d12}-{h32}",
    "square": "sq0atp-{w22}",
    "stripe": "sk_live_{m24}",
    "stripe restricted": "rk_live_{m24}",
    "telegram": "{d9}:A{w34}",
    "terraform": "{m14}.atlasv1.{m64}",
    "twilio": "SK{h32}",
    "vault batch": "hvb.{w140}",
    "vault service": "hvs.{w95}",
    "yandex": "AQVN{w36}",
    "aiven": "AVNS_{m19}",
    "azure storage": "{b76}+ASt{b5}A==",
    "bedrock": "bedrock-api-key-{m60}",
    "buildkite": "bkua_{h40}",
    "cargo": "cio{m32}",
    "circleci": "CCIPAT_{m22}_{h40}",
    "contentful": "CFPAT-{w43}",
    "groq": "gsk_{m52}",
    "mailchimp": "{h32}-us12",
    "mapbox": "sk.ey{m80}.{m22}",
    "netlify": "nfp_{m36}",
    "nuget": "oy2{a43}",
    "of a maker that nobody heard of": "zq_{m40}",
    "replicate": "r8_{m37}",
    "resend": "re_{m8}_{m24}",
    "sonar": "squ_{h40}",
}
"""Tokens that tell by themselves what they are, wherever they stand."""

AROUND_TOKENS = (
    "{s}",
    "value: {s}",
    "key: '{s}'",
    '{{"id": 7, "setting": "{s}"}}',
    "cannot log in with {s}, try again",
    "args: [--verbose, {s}]",
    "curl https://api.example.com/v1/items?key={s}",
    "FOO={s} ./run.sh",
)

KEYS = (
    *("password", "passwd", "pwd", "db_pass", "databasePassword", "keyPass", "adminPassword"),
    *("api_key", "apiKey", "API-KEY", "authKey", "service_key", "accountKey", "dbKey"),
    *("privateKey", "client_secret", "clientSecret", "secret", "SECRET_KEY", "secretKey"),
    *("token", "accessToken", "auth_token", "refreshToken", "BOT_TOKEN", "contraseña"),
    *("datadog_api_key", "SENTRY_AUTH_TOKEN", "HEROKU_API_KEY", "fastlyApiToken", "okta.token"),
    *("credentials", "MYSQL_ROOT_PASSWORD", "POSTGRES_PASSWORD", "redis-password", "rootPassword"),
    *("passphrase", "encryptionKey", "signing_key", "jwtSecret", "webhookSecret", "access_key"),
)
ASSIGNED = (
    "{k}: {s}",
    '{k}: "{s}"',
    "{k}: '{s}'",
    "{k}: |\n  {s}\n",
    "{k}: >-\n  {s}\n",
    "{k}:\n  value: {s}",
    '{{"{k}": "{s}"}}',
    '{{\\"{k}\\": \\"{s}\\"}}',
    "{{'{k}': '{s}'}}",
    "{k}={s}",
    '{k} = "{s}"',
    "export {k}={s}",
    "export {k}='{s}'; ./run",
    "docker run -e {k}={s} app",
    "helm upgrade web ./web --set {k}={s}",
    "helm upgrade web ./web --set-string a=b,auth.{k}={s},c=d",
    "run --{k}={s}",
    "run --{k} {s} --verbose",
    "- name: {k}\n  value: {s}",
    '- name: {k}\n  value: "{s}"',
    "- {{name: {k}, value: {s}}}",
    '{{"name": "{k}", "value": "{s}"}}',
    '{{"value": "{s}", "name": "{k}"}}',
    "<{k}>{s}</{k}>",
    '<add key="{k}" value="{s}" />',
    '<property name="{k}" value="{s}"/>',
    '{k} := "{s}"',
    ":{k} => '{s}',",
    "https://example.com/cb?state=1&{k}={s}&x=2",
    "ENV {k} {s}",
    "ARG {k}={s}",
    "$env:{k} = '{s}'",
    "set {k}={s}",
    'spec.{k}: Invalid value: "{s}": must be at least 64 characters',
)
"""How a value is given to a name, in files and on command lines."""

PASSWORDS = (
    "hunter2",
    "S3cr3t!pass",
    "Tr0ub4dor&3",
    "kq7w",
    "letmein99",
    "Wint3r2026",
    "p4ss_w0rd-x",
    "zxcvbn.98",
    "Passw0rd!",
    "9f8e7d6c",
    "Geheim123",
    "qwertz!1",
)
FAMILIAR = ("hunter2", "letmein9", "Passw0rd_", "Geheim12", "zxcvbn.98", "corner-otter-77")
LOGINS = (
    "postgres://app:{s}@db.example.com:5432/app?sslmode=require",
    "postgresql+asyncpg://app:{s}@db/app",
    "mysql://root:{s}@tcp(db:3306)/app",
    "root:{s}@tcp(db:3306)/app?parseTime=true",
    "mongodb+srv://app:{s}@cluster0.example.net/?retryWrites=true",
    "redis://:{s}@redis:6379/0",
    "rediss://default:{s}@cache:6380",
    "amqp://guest2:{s}@rabbit:5672/vhost",
    "https://ci:{s}@git.example.com/group/charts.git",
    "git clone https://oauth2:{s}@gitlab.example.com/a/b.git",
    "ftp://deploy:{s}@files.example.com/",
    "smtp://mailer:{s}@smtp.example.com:587",
    "ldap://cn=admin:{s}@ldap.example.com",
    "nats://app:{s}@nats:4222",
    "Server=db;Database=app;User Id=sa;Password={s};Encrypt=true",
    "Data Source=db;Initial Catalog=app;UID=sa;PWD={s}",
    "jdbc:postgresql://db:5432/app?user=app&password={s}",
    "jdbc:sqlserver://db:1433;databaseName=app;user=sa;password={s};",
    "jdbc:oracle:thin:scott/{s}@db:1521/XE",
    "host=db port=5432 user=app password={s} dbname=app",
    "DefaultEndpointsProtocol=https;AccountName=x;AccountKey={s};EndpointSuffix=core.windows.net",
    "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey={s}",
    "machine git.example.com login ci password {s}",
    "machine git.example.com\n  login ci\n  password {s}\n",
    "db.example.com:5432:app:app:{s}",
    "//registry.npmjs.org/:_authToken={s}",
    "//npm.example.com/:_password={s}",
    "[pypi]\nusername = ci\npassword = {s}\n",
    "[default]\naws_access_key_id = x\naws_secret_access_key = {s}\n",
    "curl -u admin:{s} https://example.com/api",
    "curl --user admin:{s} https://example.com/api",
    "curl -H 'Authorization: Bearer {s}' https://example.com",
    'curl -H "Authorization: Token {s}" https://example.com',
    "curl -H 'X-Api-Key: {s}' https://example.com",
    "curl --header 'PRIVATE-TOKEN: {s}' https://gitlab.example.com/api",
    "curl -H 'X-Vault-Token: {s}' https://vault.example.com",
    "Authorization: Basic {s}",
    "authorization: ApiKey {s}",
    "Authorization: Digest {s}",
    "Proxy-Authorization: Bearer {s}",
    "Cookie: session={s}",
    "Set-Cookie: sid={s}; HttpOnly",
    "mysql -u root -p{s} app",
    "mysqldump --password={s} app",
    "sshpass -p {s} ssh deploy@host",
    "sshpass -p'{s}' ssh deploy@host",
    "PGPASSWORD={s} psql -h db app",
    "redis-cli -a {s} ping",
    "docker login -u ci -p {s} registry.example.com",
    "helm registry login -u ci --password {s} registry.example.com",
    "helm repo add x https://charts.example.com --username ci --password {s}",
    "kubectl --token={s} get pods",
    "kubectl create secret generic db --from-literal=pw={s}",
    "kubectl create secret docker-registry r --docker-password={s} --docker-username=ci",
    "az login --service-principal -u app -p {s} --tenant t",
    "vault login {s}",
    "echo {s} | docker login --username ci --password-stdin",
    "openssl enc -aes-256-cbc -k {s} -in a -out b",
    "openssl rsa -passin pass:{s} -in key.pem",
    "https://x.blob.core.windows.net/c?sv=2024&se=2030-01-01&sig={s}",
    "https://bucket.s3.amazonaws.com/o?X-Amz-Expires=60&X-Amz-Signature={s}",
    "https://example.com/hook?access_token={s}",
    "https://example.com/#id_token={s}",
    "https://outlook.webhook.office.com/webhookb2/x/IncomingWebhook/{s}/y",
    "https://hooks.slack.com/services/T0000AAAA/B0000AAAA/{s}",
    "https://discord.com/api/webhooks/123456789012345678/{s}",
    "https://api.telegram.org/bot123456789:{s}/sendMessage",
)
"""Places that say by themselves that a secret stands there, whatever it looks like."""
MORE = (
    "password: &db {s}",
    "password: !!str {s}",
    "? password\n: {s}\n",
    "{{user: app, password: {s}, host: db}}",
    "environment:\n- MYSQL_PASSWORD={s}\n",
    "java -Dspring.datasource.password={s} -jar app.jar",
    'JAVA_OPTS="-Xmx1g -Djavax.net.ssl.keyStorePassword={s}"',
    "spring.datasource.password={s}",
    "define('DB_PASSWORD', '{s}');",
    'putenv("API_TOKEN={s}");',
    'os.environ["API_TOKEN"] = "{s}"',
    'client = Client(host="db", password="{s}", port=1)',
    'variable "db_password" {{\n  type    = string\n  default = "{s}"\n}}\n',
    'set {{\n  name  = "auth.password"\n  value = "{s}"\n}}\n',
    'set_sensitive {{\n  name  = "x"\n  value = "{s}"\n}}\n',
    '<user name="app" password="{s}"/>',
    '<property name="password"><value>{s}</value></property>',
    "CREATE USER app IDENTIFIED BY '{s}';",
    "ALTER ROLE app WITH PASSWORD '{s}';",
    "CREATE ROLE app LOGIN ENCRYPTED PASSWORD '{s}';",
    "X-Auth-Token: {s}",
    "Ocp-Apim-Subscription-Key: {s}",
    'proxy_set_header Authorization "Basic {s}";',
    'wget --header="Authorization: Bearer {s}" https://example.com',
    "[Interface]\nPrivateKey = {s}\n",
    "[Peer]\nPresharedKey = {s}\n",
    "htpasswd -b -c users app {s}",
    "gpg --batch --passphrase {s} -d file",
    "ssh-keygen -t ed25519 -N {s} -f key",
    "kubectl config set-credentials ci --token={s}",
    "aws configure set aws_secret_access_key {s}",
    "az storage blob list --account-key {s}",
    "npm config set //registry.npmjs.org/:_authToken {s}",
    "pip install --index-url https://ci:{s}@pypi.example.com/simple app",
    "heroku config:set API_TOKEN={s}",
    "gh auth login --with-token <<< {s}",
    'git -c http.extraHeader="Authorization: Basic {s}" clone https://example.com/x',
    "docker build --build-arg NPM_TOKEN={s} .",
    'helm upgrade web ./web --set-json \'auth={{"password":"{s}"}}\'',
    "helm upgrade web ./web --set auth.passwords[0]={s}",
    "helm upgrade web ./web --set 'env[0].name=TOKEN,env[0].value={s}'",
    'error: unable to parse: "user: app\\npassword: {s}\\nhost: db"',
    "failed to log in as app with password '{s}'",
    "password is {s}",
    'msg="login" user=app password={s} code=1',
    '{{"auth": {{"username": "app", "password": "{s}"}}}}',
    '{{"Authorization": "Bearer {s}"}}',
    "tokens:\n- {s}\n- x\n",
    "passwords: [{s}, other]",
    "adminPassword: {s} # change me",
    "spring:\n  datasource:\n    password: {s}\n",
    "DATABASE_URL=postgres://app:{s}@db/app",
    "$password = '{s}'",
    '$Env:DB_PASSWORD = "{s}"',
    "ConvertTo-SecureString '{s}' -AsPlainText -Force",
    "MASTER_KEY: {s}",
    "-----BEGIN OPENSSH PRIVATE KEY----- {s} -----END OPENSSH PRIVATE KEY-----",
    "password = <<EOT\n{s}\nEOT\n",
    "'password': u'{s}'",
    "password=%22{s}%22&user=app",
    "user%3Dapp%26password%3D{s}",
    "(password {s})",
    "[password]={s}",
    "--password '{s}'",
    "-e SECRET_TOKEN='{s}'",
)
"""Written down after the first measure and before its faults were mended any further."""

FORMS = (
    "http://influx:8086/write?db=x&u=admin&p={s}",
    "aws configure set aws_secret_access_key {s}",
    "htpasswd -bnB admin {s}",
    "curl --user=admin:{s} https://example.com",
    "etcdctl --user root:{s} get x",
    "rabbitmqctl add_user bob {s}",
    "sqlplus scott/{s}@orcl",
    "mc alias set s3 https://minio.example.com admin {s}",
    "echo {s} | kinit admin",
    "echo 'root:{s}' | chpasswd",
    "chpasswd <<< 'root:{s}'",
    "user app on >{s} ~* +@all",
    "  stats auth admin:{s}",
    "  user admin insecure-password {s}",
    "ldap_default_authtok = {s}",
    "olcRootPW: {s}",
    "bindPW: {s}",
    "rocommunity {s}",
    "cache_peer proxy parent 3128 0 login=bob:{s}",
    '%any : PSK "{s}"',
    "define('DB_PASSWORD', '{s}');",
    'setenv("DB_PASSWORD", "{s}", 1);',
    'os.environ["DB_PASSWORD"] = "{s}"',
    "$password = '{s}';",
    "? password\n: {s}\n",
    "a%3Db%26password%3D{s}%26c",
)
"""Places where people write passwords that they thought of themselves."""


def entries(seed: int) -> list[Entry]:
    """Secrets in the shapes that people write, at least 300."""
    chance = random.Random(seed)
    return [
        *_tokens(chance),
        *_assigned(chance),
        *_logins(chance),
        *_documents(chance),
        *_encoded(chance),
    ]


def spelled(shape: str, chance: random.Random) -> str:
    """A token of a shape: `{h32}` stands for 32 characters of the alphabet h."""

    def characters(match: re.Match[str]) -> str:
        return "".join(chance.choices(ALPHABETS[match[1]], k=int(match[2])))

    return re.sub(r"\{(\w)(\d+)\}", characters, shape)


def _tokens(chance: random.Random) -> Iterator[Entry]:
    for name, shape in TOKENS.items():
        for around in chance.sample(AROUND_TOKENS, 2):
            secret = spelled(shape, chance)
            yield Entry(f"token: {name}", around.format(s=secret), secret)


def _value(chance: random.Random) -> str:
    generated = spelled(chance.choice(("{m24}", "{h32}", "{a20}", "{m40}", "{w16}")), chance)
    # What begins with a dash is an option to a shell and a list to YAML: nobody writes it bare.
    return chance.choice((generated.replace("-", "x"), chance.choice(PASSWORDS)))


def _assigned(chance: random.Random) -> Iterator[Entry]:
    for form in ASSIGNED:
        for key in chance.sample(KEYS, 5):
            secret = _value(chance)
            yield Entry(f"assigned: {form}", form.format(k=key, s=secret), secret)


def _logins(chance: random.Random) -> Iterator[Entry]:
    for form in (*LOGINS, *MORE):
        secret = spelled(chance.choice(("{m24}", "{m32}", "{h40}")), chance)
        yield Entry(f"login: {form}", form.format(s=secret), secret)
    for form in FORMS:
        for secret in chance.sample(FAMILIAR, 2):
            yield Entry(f"password: {form}", form.format(s=secret), secret)


def _documents(chance: random.Random) -> Iterator[Entry]:
    kinds = ("RSA ", "EC ", "DSA ", "OPENSSH ", "ENCRYPTED ", "", "PGP ")
    for kind in kinds:
        lines = [spelled("{b64}", chance) for _ in range(4)]
        end = f"PRIVATE KEY{' BLOCK' if kind == 'PGP ' else ''}-----"
        pem = "\n".join((f"-----BEGIN {kind}{end}", *lines, f"-----END {kind}{end}"))
        yield Entry("pem", pem, lines[1])
        yield Entry("pem in a block", "tls.key: |\n  " + pem.replace("\n", "\n  "), lines[2])
        yield Entry("pem in JSON", json.dumps({"key": pem}), lines[3])
        yield Entry("pem without its end", "\n".join(pem.split("\n")[:4]), lines[2])
    for _ in range(6):
        head, body = (_base64url(json.dumps(part)) for part in ({"alg": "HS256"}, {"sub": "1"}))
        signature = spelled("{m43}", chance)
        token = f"{head}.{body}.{signature}"
        yield Entry("jwt", chance.choice(AROUND_TOKENS).format(s=token), signature)
    for _ in range(6):
        secret = spelled("{m16}", chance)
        auth = base64.b64encode(f"ci:{secret}".encode()).decode()
        document = json.dumps({"auths": {"registry.example.com": {"auth": auth}}})
        yield Entry("docker config", document, auth)
        yield Entry("docker config as a value", json.dumps({".dockerconfigjson": document}), auth)
    for field in ("token", "client-key-data", "password"):
        secret = spelled("{m48}", chance)
        text = f"users:\n- name: admin\n  user:\n    {field}: {secret}\n"
        yield Entry("kubeconfig", text, secret)
    for field in ("data", "stringData"):
        secret = spelled("{m24}", chance)
        text = f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\n{field}:\n  config: {secret}\n"
        yield Entry("manifest of a Secret", text, secret)


def _encoded(chance: random.Random) -> Iterator[Entry]:
    names = chance.sample(sorted(TOKENS), 12)
    secrets = [f"password: {spelled('{m20}', chance)}" for _ in range(6)]
    secrets += [f"{name.split()[0]}={spelled(TOKENS[name], chance)}" for name in names]
    secrets += [f"postgres://app:{spelled('{m20}', chance)}@db/app" for _ in range(6)]
    for secret in secrets:
        text = base64.b64encode(f"{secret}\n".encode()).decode()
        yield Entry("base64", f"config: {text}", text)


def _base64url(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def look_alikes(seed: int) -> list[Entry]:
    """What only looks like a secret, at least 300."""
    chance = random.Random(seed)
    texts = [spelled(shape, chance) for shape in PLAIN for _ in range(REPEATED)]
    texts += NAMED
    return [Entry("look-alike", text) for text in texts]


REPEATED = 3
PLAIN = (
    "commit {h40}",
    "checksum/config: {h64}",
    "checksum/secret: {h64}",
    "image: registry.example.com/app@sha256:{h64}",
    "image: ghcr.io/example/app:{h7}",
    "image: app:v1.{d2}.{d1}-{h8}",
    "digest: sha256:{h64}",
    "uid: {h8}-{h4}-{h4}-{h4}-{h12}",
    "resourceVersion: '{d9}'",
    "- app-{a9}-{a5}",
    "pod web-{h10}-{a5} was evicted",
    "deployment/web-{h10} rolled out",
    "integrity: sha512-{b86}==",
    "sha256: {h64}",
    "md5sum {h32}  file.tar.gz",
    "Content-MD5: {b22}==",
    'etag: "{h32}"',
    "trace_id={h32} span_id={h16}",
    "request id {h8}-{h4}-{h4}-{h4}-{h12}",
    "arn:aws:iam::{d12}:role/deploy",
    "arn:aws:secretsmanager:eu-west-1:{d12}:secret:db-{m6}",
    "subnet-{h17}",
    "i-{h17}",
    "vpc-{h8}",
    "ami: ami-{h17}",
    "fingerprint: SHA256:{b43}",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{b43} deploy@host",
    "-----BEGIN CERTIFICATE-----\n{b64}\n{b64}\n-----END CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----\n{b64}\n{b64}\n-----END PUBLIC KEY-----",
    "caBundle: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t{b40}",
    "project_id: example-{d6}",
    "https://example.com/{h32}/index.html",
    "https://charts.example.com/web-1.{d2}.0.tgz",
    "curl -fsSL https://get.example.com/v{d1}.{d2}/install.sh",
    "namespace: pr-{d4}",
    "version: 1.{d1}.{d2}+{h7}",
    "appVersion: {d4}.{d2}.{d2}",
    "helm.sh/chart: web-1.{d1}.{d2}",
    "pod-template-hash: {h10}",
    "name: sh.helm.release.v1.web.v{d2}",
    "port: {d5}",
    "runAsUser: {d5}",
    "memory: {d4}Mi",
    "h1:{b43}=",
    "nodeName: ip-10-{d2}-{d2}-{d2}.ec2.internal",
    "clusterIP: 10.{d2}.{d2}.{d2}",
    "annotation kubectl.kubernetes.io/restartedAt: 2026-01-{d1}T00:00:00Z",
    "secretName: web-tls-{a5}",
    "serviceAccountName: tokens-{a5}",
    "tokenExpirationSeconds: {d4}",
    "passwordMinLength: {d2}",
    "keyRotationDays: {d2}",
    'secret "db-{a5}" not found',
    'secrets "sh.helm.release.v1.web.v{d2}" already exists',
    'configmaps "token-{a5}" is forbidden',
    "replicas: {d1}",
)
"""Shapes of digests, names, identifiers and numbers."""

NAMED = (
    "secretName: db-credentials",
    "existingSecret: db-credentials",
    "existingSecretPasswordKey: postgres-password",
    "passwordSecretRef:\n  name: db\n  key: password",
    "secretKeyRef:\n  name: db\n  key: postgres-password",
    "valueFrom:\n  secretKeyRef: {name: db, key: password}",
    "envFrom:\n- secretRef:\n    name: web-env",
    "imagePullSecrets:\n- name: registry-login",
    "automountServiceAccountToken: false",
    "automountServiceAccountToken: true",
    "createSecret: true",
    "usePassword: false",
    "usePasswordFile: true",
    "passwordFile: /run/secrets/password",
    "tokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token",
    "privateKeyPath: /etc/ssl/private/tls.key",
    "credentialsFile: /etc/app/credentials.json",
    "password: {{ .Values.password }}",
    'password: "{{ .Values.db.password | b64enc }}"',
    "password: ${DB_PASSWORD}",
    "password: $DB_PASSWORD",
    "password: $(DB_PASSWORD)",
    "export TOKEN=$(cat /run/secrets/token)",
    "TOKEN=${{ secrets.TOKEN }}",
    "token: ${{ secrets.GITHUB_TOKEN }}",
    'password: ""',
    "password: ''",
    "password:",
    "password: null",
    "password: ~",
    "token: null",
    "secret: {}",
    "secrets: []",
    "tokens: []",
    "helm upgrade web ./web --set existingSecret=db",
    "helm upgrade web ./web --set auth.existingSecret=db-credentials",
    'helm upgrade web ./web --set password="$PASSWORD"',
    "helm upgrade web ./web --set password=$PASSWORD",
    "helm registry login --username ci --password-stdin registry.example.com",
    'echo "$PASSWORD" | docker login --password-stdin',
    "kubectl get secret db -o yaml",
    "kubectl create secret generic db --from-file=./password.txt",
    "kubectl create secret tls web --cert=tls.crt --key=tls.key",
    "kubectl create token deployer",
    "kubectl -n prod describe secrets",
    'curl -u "$USER:$PASSWORD" https://example.com',
    'curl -H "Authorization: Bearer $TOKEN" https://example.com',
    "curl -H 'Authorization: Bearer ${TOKEN}' https://example.com",
    "mkdir -p /var/lib/app",
    "ssh -p 2222 deploy@host",
    "docker run -p 8080:80 nginx",
    "install -m 0755 a b",
    "tar -xpf a.tar",
    "git@github.com:example/charts.git",
    "ssh://git@git.example.com/charts.git",
    "https://charts.bitnami.com/bitnami",
    "oci://registry.example.com/charts/web",
    "postgres://db.example.com:5432/app",
    "redis://redis:6379/0",
    "mailto:ops@example.com",
    "maintainers:\n- name: Jane Doe\n  email: jane@example.com",
    "host: example.com:443",
    "http://user-service:8080/login",
    "author: Jane Doe",
    "authority: letsencrypt-prod",
    "authorization: RBAC",
    "authorizationMode: Node,RBAC",
    "authType: password",
    "authMethod: token",
    "authentication: enabled",
    "the bearer of this letter",
    "Basic support is included",
    "basic usage: helm upgrade web ./web",
    "Token bucket rate limiting",
    "token-bucket: 100",
    "tokenizer: bert-base-uncased",
    "max_tokens: 4096",
    "maxTokens: 4096",
    "secretary: Ann Lee",
    "keyboard: us-intl",
    "monkey: banana",
    "donkey: grey",
    "turkey: sandwich",
    "keyspace: events",
    "partitionKey: customer_id",
    "primaryKey: id",
    "sortKey: created_at",
    "foreign_key: order_id",
    "routingKey: orders.created",
    "key: app.kubernetes.io/name",
    "keys: [a, b, c]",
    "topologyKey: kubernetes.io/hostname",
    "- key: node-role.kubernetes.io/control-plane",
    "publicKey: disabled",
    "keyVaultName: kv-prod",
    "keyAlgorithm: RSA",
    "keySize: 4096",
    "privateKey:\n  rotationPolicy: Always\n  algorithm: ECDSA",
    "compass: north",
    "bypass: enabled",
    "passthrough: true",
    "sslPassthrough: true",
    "passive: true",
    "passes: 3",
    "surpass: yes",
    "trespass: no",
    "password policy is described in docs/passwords.md",
    "the password must have at least eight characters",
    "# password: the password of the database, empty for a generated one",
    "# -- Token for the API; see https://example.com/docs/tokens",
    "# secret: name of an existing secret to use",
    "## @param auth.password Password for the user",
    "## @param auth.existingSecret Name of a secret with the credentials",
    "// token is refreshed every hour",
    "no token was given",
    "token expired, log in again",
    "invalid token at line 3",
    "unexpected token: ':' in expression",
    "syntax error near unexpected token `fi'",
    "wrong password for user app",
    'password authentication failed for user "app"',
    'error: secret "db" is immutable',
    "Secret prod/db: data[password] changed",
    "a secret is never printed",
    'secrets is forbidden: User "ci" cannot list resource "secrets" in API group ""',
    "resources: [secrets, configmaps]",
    '- apiGroups: [""]\n  resources: ["secrets"]\n  verbs: ["get"]',
    "kind: SecretProviderClass",
    "kind: ExternalSecret",
    "kind: TokenReview",
    "secretStoreRef:\n  kind: ClusterSecretStore\n  name: vault",
    "remoteRef:\n  key: prod/db\n  property: password",
    "vault.hashicorp.com/role: web",
    "vault.hashicorp.com/agent-inject-secret-db: secret/data/prod/db",
    "iam.gke.io/gcp-service-account: web@example.iam.gserviceaccount.com",
    "apiKeySecretName: datadog",
    "apiKeyExistingSecret: datadog-keys",
    "tokenSecretName: web-token",
    "clientId: web-frontend",
    "client_id: web-frontend",
    "username: app",
    "user: postgres",
    "login: enabled",
    "loginUrl: https://example.com/login",
    "issuer: https://token.actions.githubusercontent.com",
    "audience: sts.amazonaws.com",
    "scopes: openid profile email",
    "grant_type: client_credentials",
    "response_type: token",
    "tokenUrl: https://auth.example.com/oauth/token",
    "token_endpoint: https://auth.example.com/token",
    "access: ReadWriteOnce",
    "accessModes: [ReadWriteOnce]",
    "accessKeyRotation: weekly",
    "sessionAffinity: ClientIP",
    "session.timeout: 30m",
    "cookieName: route",
    "nginx.ingress.kubernetes.io/session-cookie-name: route",
    "nginx.ingress.kubernetes.io/auth-secret: basic-auth",
    "nginx.ingress.kubernetes.io/auth-type: basic",
    "cert-manager.io/private-key-secret-name: web",
    "hash: murmur3",
    "hashKey: user",
    "salt: enabled",
    "saltRounds: 10",
    "pin: latest",
    "pinned: true",
    "credentials: include",
    "credentialsMode: Manual",
    "withCredentials: true",
    "crossorigin: use-credentials",
    "signature: required",
    "signatureAlgorithm: RS256",
    "encryption: aes-256-gcm",
    "encryptionAtRest: true",
    "license: Apache-2.0",
    "licenseKeySecret: license",
    "rule secret-regenerated: the password changes at each upgrade",
    "see `policylint explain secret-on-command-line`",
)
"""Names of things, references, placeholders, settings, messages and prose."""
