"""Kubernetes' documented CEL functions, by their documented examples, and the language's own
corners."""

import pytest

from policylint.cel.program import compile
from policylint.cel.values import CelError

VARIABLES = {
    "object": {
        "name": "web",
        "ports": [80, 443],
        "labels": {"app": "web", "tier": "front"},
        "none": None,
    }
}

TRUE = """
quantity("200M").compareTo(quantity("0.2G")) == 0
quantity("50M").compareTo(quantity("50Mi")) == -1
quantity("50Mi").compareTo(quantity("50M")) == 1
quantity("150Mi").isGreaterThan(quantity("100Mi"))
quantity("50M").isLessThan(quantity("100M"))
quantity("50k").add(20) == quantity("50020")
quantity("50k").sub(20000) == quantity("30k")
quantity("50k").add(20).sub(quantity("100k")).sub(-50000) == quantity("20")
quantity("50k").asInteger() == 50000
quantity("50k").sub(20000).asApproximateFloat() == 30000.0
quantity("50000000G").isInteger() && !quantity("9999999999999999999999999999999999999G").isInteger()
isQuantity("1.3G") && isQuantity("1.3Gi") && !isQuantity("1,3G") && !isQuantity("200K")
!isQuantity("Three")
sign(quantity("-3")) == -1 && sign(quantity("0")) == 0
isSemver("1.0.0") && !isSemver("hello") && isSemver("v1.0", true) && !isSemver("v1.0")
semver("1.2.3").compareTo(semver("1.2.3")) == 0
semver("1.2.3").isGreaterThan(semver("1.2.3-rc1"))
semver("1.0.0-2").isLessThan(semver("1.0.0-10"))
semver("1.0.0-alpha").isLessThan(semver("1.0.0-alpha.1"))
semver("1.2.3").major() == 1 && semver("1.2.3").minor() == 2 && semver("1.2.3").patch() == 3
url("https://example.com:80/").getHost() == "example.com:80" && url("/path").getHost() == ""
url("https://[::1]:80/").getHostname() == "::1" && url("https://[::1]:80/").getPort() == "80"
url("https://example.com/path with spaces/").getEscapedPath() == "/path%20with%20spaces/"
url("https://example.com/path?k1=a&k2=b&k2=c").getQuery() == {"k1": ["a"], "k2": ["b", "c"]}
isURL("https://a") && isURL("/path") && !isURL("../relative") && !isURL("https://a:b:c/")
ip("127.0.0.1").family() == 4 && ip("::1").family() == 6
ip("127.0.0.1").isLoopback() && ip("0.0.0.0").isUnspecified() && ip("fe80::1").isLinkLocalUnicast()
ip("224.0.0.1").isLinkLocalMulticast()
ip("192.168.0.1").isGlobalUnicast() && !ip("255.255.255.255").isGlobalUnicast()
ip.isCanonical("127.0.0.1") && !ip.isCanonical("2001:DB8::abcd")
isIP("::1") && !isIP("127.0.0.256") && !isIP("::ffff:1.2.3.4") && !isIP("01.2.3.4")
cidr("192.168.0.0/24").containsIP(ip("192.168.0.1"))
!cidr("192.168.0.0/24").containsIP("192.168.1.1")
cidr("192.168.0.0/16").containsCIDR("192.168.10.0/24")
!cidr("192.168.0.0/24").containsCIDR(cidr("10.0.0.0/8"))
cidr("192.168.1.5/24").masked() == cidr("192.168.1.0/24") && cidr("::1/128").prefixLength() == 128
string(cidr("192.168.0.1/24").ip()) == "192.168.0.1" && !isCIDR("10.0.0.0")
!format.dns1123Label().validate("web").hasValue()
format.dns1123Label().validate("Web").hasValue()
!format.named("dns1035Label").value().validate("a1").hasValue() && !format.named("nope").hasValue()
!format.dns1123LabelPrefix().validate("abc-").hasValue()
format.uuid().validate("x").value().size() == 1
"abc 123".find("[0-9]+") == "123" && "abc".find("[0-9]+") == ""
"123 abc 456".findAll("[0-9]+") == ["123", "456"] && "123 abc 456".findAll("[0-9]+", 1) == ["123"]
[1, 2, 2].isSorted() && !["b", "a"].isSorted() && [1, 3].sum() == 4 && [1.0, 3.0].max() == 3.0
[3, 1].min() == 1 && [1, 2, 2, 3].indexOf(2) == 1 && [1, 2, 2].lastIndexOf(2) == 2
[1].indexOf(5) == -1
[1, 2, 3].slice(1, 3) == [2, 3] && [[1], [2]].flatten() == [1, 2] && [1, 1].distinct() == [1]
[3, 1].sort() == [1, 3] && ["b", "a"].sortBy(x, x) == ["a", "b"]
lists.range(2) == [0, 1] && [1, 2].reverse() == [2, 1]
sets.contains([1, 2], [1]) && sets.equivalent([1, 1], [1]) && !sets.intersects([1], [2])
"tacocat".indexOf("aco") == 1 && "tacocat".substring(1, 3) == "ac" && "a-b".split("-") == ["a", "b"]
" x ".trim() == "x" && "TaCo".lowerAscii() == "taco"
"wow".replace("w", "W", 1) == "Wow" && ["a", "b"].join("-") == "a-b"
"%s has %d of %.1f".format(["web", 2, 1.5]) == "web has 2 of 1.5"
"%s".format([["a", 1]]) == '["a", 1]'
object.labels.all(k, v, v.startsWith("") && k != "")
object.ports.exists(i, p, i == 1 && p == 443)
object.labels.transformList(k, v, k + v).size() == 2
[1, 2].transformMap(i, v, v * 2) == {0: 2, 1: 4}
object.?name.orValue("x") == "web" && object.?missing.orValue("x") == "x"
!object.?missing.?deeper.hasValue()
object.ports[?9].orValue(0) == 0 && object.labels[?"app"].value() == "web"
object.?name.optMap(n, n + "-1").orValue("") == "web-1" && [?optional.none(), 1] == [1]
has(object.name) && !has(object.missing) && object.none == null
1 == 1.0 && 2u > 1 && 1.5 < 2 && !(1 == 2.0) && dyn("a") != 1
type(1) == int && type("") == string && type(object) == map && type(ip("::1")) == net.IP
[0, 1].exists(x, 1 / x > 0) && (true || 1 / 0 > 0) && !(false && 1 / 0 > 0)
timestamp("2021-01-01T01:00:00+01:00") == timestamp("2021-01-01T00:00:00Z")
timestamp("2021-01-02T03:04:05Z").getHours("Asia/Tokyo") == 12 && duration("90m").getHours() == 1
duration("1h30m") == duration("90m") && string(duration("1.5s")) == "1.5s"
"ab-01".matches("^[a-z]+-[0-9]{2}$") && "x\\n".matches("x$") == false && "A".matches("(?i)a")
"a".matches("[[:alpha:]]") && "]".matches("[]]") && "a.b".matches(r"^\\Qa.b\\E$")
string(1e6) == "1e+06" && string(1.0) == "1" && int("5") == 5 && double("1.5") == 1.5
bool("true")
""".strip().splitlines()

FAILS = {
    'quantity("Three")': "quantities must match",
    "1 / 0 == 1": "division by zero",
    "object.ports[5] == 1": "index out of bounds: 5",
    "object.missing == 1": "no such key: missing",
    "[].max() == 1": "max called on empty list",
    "9223372036854775807 + 1 == 0": "integer overflow",
    "optional.none().value() == 1": "optional.none() dereference",
    '"abc".substring(4) == ""': "index out of range: 4",
    '"a".matches("(")': "error parsing regexp",
    '"a".matches("a(?=b)")': "error parsing regexp",
    'object.name + 1 == ""': "no such overload",
    'ip("300.1.1.1").family() == 4': "parse error",
}


@pytest.mark.parametrize("expression", TRUE)
def test_documented_examples_hold(expression):
    assert compile(expression, VARIABLES).evaluate(VARIABLES) is True


@pytest.mark.parametrize("expression", FAILS)
def test_an_expression_that_fails_gives_the_servers_error(expression):
    result = compile(expression, VARIABLES).evaluate(VARIABLES)
    assert isinstance(result, CelError)
    assert FAILS[expression] in str(result)
