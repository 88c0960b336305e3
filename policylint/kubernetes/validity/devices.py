"""Devices, and the pools and slices that offer them (pkg/apis/resource/validation).

Beta versions of a slice hold what v1 has in a device below `basic`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction

from policylint.kubernetes.api.fielderrors import (
    duplicate,
    each_invalid,
    forbidden,
    invalid,
    not_found,
    required,
    too_long,
    too_many,
)
from policylint.kubernetes.api.quantity import canonical, parse_quantity
from policylint.kubernetes.api.reading import fields, has, many, number, objects, text, texts
from policylint.kubernetes.validity.formats import (
    c_identifier,
    dns_label,
    dns_subdomain,
    label_value,
    qualified_name,
)
from policylint.kubernetes.validity.references import driver_name
from policylint.kubernetes.validity.scope import Scope
from policylint.model import Cause, Json, Object
from policylint.runtime.patterns import pattern

_MOST: Mapping[str, int] = {
    "bindingConditions": 4,
    "bindingFailureConditions": 4,
    "config": 32,
    "constraints": 32,
    "consumesCounters": 2,
    "firstAvailable": 8,
    "requests": 32,
    "selectors": 32,
    "sharedCounters": 8,
    "taints": 16,
    "validValues": 10,
}
"""The most items of a list (pkg/apis/resource/types.go)."""

_MOST_DEVICES, _MOST_ADVANCED = 128, 64
_MOST_ENTRIES, _MOST_VALUES = 32, 48
_MOST_COUNTERS = 32
_LONGEST_NAME, _LONGEST_VALUE, _LONGEST_POOL = 32, 64, 253
_LISTS = ("bools", "ints", "strings", "versions")
_VALUES = ("bool", "int", "string", "version", *_LISTS)
_ID = r"(0|[1-9]\d*)"
_PRE = r"(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
_BUILD = "[0-9a-zA-Z-]+"
_VERSION = pattern(rf"{_ID}\.{_ID}\.{_ID}(-{_PRE}(\.{_PRE})*)?(\+{_BUILD}(\.{_BUILD})*)?")


def size(value: Object, name: str, at: str) -> Iterator[Cause]:
    """The error of a list with more items than it may have."""
    count = len(many(value, name))
    if count > _MOST[name]:
        yield too_many(f"{at}.{name}", count, _MOST[name])


def unique(value: Object, name: str, at: str, key: str) -> Iterator[Cause]:
    """The errors of a list that holds a key twice, or more items than it may."""
    yield from size(value, name, at)
    seen: set[str] = set()
    for path, item in objects(value, name, at):
        if text(item, key) in seen:
            yield duplicate(path, text(item, key))
        seen.add(text(item, key))


def taint(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a device's taint."""
    key = text(value, "key")
    yield from each_invalid(f"{at}.key", key, qualified_name(key))
    yield from each_invalid(f"{at}.value", text(value, "value"), label_value(text(value, "value")))
    if not text(value, "effect"):
        yield required(f"{at}.effect")


def taint_rule(spec: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a DeviceTaintRule's spec: which devices it chooses."""
    chosen, where = fields(spec, "deviceSelector"), f"{at}.deviceSelector"
    if has(chosen, "driver"):
        yield from driver_name(text(chosen, "driver"), f"{where}.driver")
    if has(chosen, "pool"):
        yield from _pool_name(text(chosen, "pool"), f"{where}.pool")
    if has(chosen, "device"):
        device = text(chosen, "device")
        yield from each_invalid(f"{where}.device", device, dns_label(device))


def domain_and_id(name: str, at: str) -> Iterator[Cause]:
    """validateQualifiedName: what has more than one slash is let through."""
    domain, slash, own = name.rpartition("/")
    if "/" in domain:
        return
    if slash and not domain:
        yield invalid(at, "", "the domain must not be empty")
    elif slash:
        yield from driver_name(domain, at)
    if slash and not own:
        yield invalid(at, "", "the name must not be empty")
        return
    if len(own) > _LONGEST_NAME:
        yield too_long(at, _LONGEST_NAME)
    yield from each_invalid(at, own, c_identifier(own))


def resource_pool(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of the pool that a slice belongs to."""
    yield from _pool_name(text(value, "name"), f"{at}.name")
    count, generation = number(value, "resourceSliceCount") or 0, number(value, "generation") or 0
    if count <= 0:
        yield invalid(f"{at}.resourceSliceCount", count, "must be greater than zero")
    if generation < 0:
        yield invalid(f"{at}.generation", generation, "must be greater than or equal to zero")


def _pool_name(name: str, at: str) -> Iterator[Cause]:
    if not name:
        yield required(at)
        return
    if len(name) > _LONGEST_POOL:
        yield too_long(at, _LONGEST_POOL)
    for part in name.split("/"):
        yield from each_invalid(at, part, dns_subdomain(part))


def resource_slice(spec: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a ResourceSlice's spec."""
    yield from driver_name(text(spec, "driver"), f"{at}.driver")
    chosen = [name for name in _NODES if spec.get(name) not in (None, "", False)]
    yield from _nodes(spec, at, "must be either unset or set to a non-empty string")
    terms = many(fields(spec, "nodeSelector"), "nodeSelectorTerms")
    if has(spec, "nodeSelector") and len(terms) != 1:
        where = f"{at}.nodeSelector.nodeSelectorTerms"
        yield invalid(where, terms, "must have exactly one node selector term")
    detail = (
        "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is "
        "required"
    )
    yield from _single_choice(chosen, at, detail, f"{detail}, but multiple fields are set")
    if has(spec, "sharedCounters") and has(spec, "devices"):
        yield invalid(at, "", "only one of `sharedCounters` or `devices` is allowed")
    yield from _devices(spec, at)
    yield from unique(spec, "sharedCounters", at, "name")


_NODES = ("nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection")


def _nodes(value: Object, at: str, no_name: str) -> Iterator[Cause]:
    name = value.get("nodeName")
    if name == "":
        yield invalid(f"{at}.nodeName", name, no_name)
    elif isinstance(name, str):
        yield from each_invalid(f"{at}.nodeName", name, dns_subdomain(name))
    for flag in ("allNodes", "perDeviceNodeSelection"):
        if value.get(flag) is False:
            yield invalid(f"{at}.{flag}", False, "must be either unset or set to true")


def _single_choice(names: list[str], at: str, none: str, several: str) -> Iterator[Cause]:
    if not names:
        yield required(at, none)
    elif len(names) > 1:
        yield invalid(at, "{" + ", ".join(f"`{name}`" for name in names) + "}", several)


def _devices(spec: Object, at: str) -> Iterator[Cause]:
    devices = [(path, _flat(device)) for path, device in objects(spec, "devices", at)]
    if any(_is_advanced(flat) for _, flat in devices):
        most = _MOST_ADVANCED
    else:
        most = _MOST_DEVICES
    if len(devices) > most:
        yield too_many(f"{at}.devices", len(devices), most)
        return
    seen: set[str] = set()
    for path, device in devices:
        name = text(device, "name")
        if name in seen:
            yield duplicate(path, name)
        seen.add(name)
        yield from _device_nodes(
            device, path, per_device=spec.get("perDeviceNodeSelection") is True
        )


def _flat(device: Object) -> Object:
    """A device with what v1beta1 has below `basic`."""
    if has(device, "basic"):
        return {**fields(device, "basic"), **device}
    return device


def _is_advanced(device: Object) -> bool:
    """Whether a device has what makes for half as many in one slice."""
    attributes = fields(device, "attributes").values()
    listed = any(
        has(entry, name) for entry in attributes if isinstance(entry, dict) for name in _LISTS
    )
    return bool(many(device, "taints") or many(device, "consumesCounters") or listed)


def _device_nodes(device: Object, at: str, *, per_device: bool) -> Iterator[Cause]:
    names = _NODES[:3]
    if per_device:
        yield from _nodes(device, at, "must not be empty")
        chosen = [name for name in names if device.get(name) not in (None, "", False)]
        detail = (
            "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when "
            "`perDeviceNodeSelection` is set to true in the ResourceSlice spec"
        )
        yield from _single_choice(chosen, at, detail, detail)
    elif any(has(device, name) for name in names):
        detail = (
            "`nodeName`, `nodeSelector` and `allNodes` can only be set if "
            "`perDeviceNodeSelection` is set to true in the ResourceSlice spec"
        )
        yield invalid(at, None, detail)


def device(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of one device of a slice."""
    name, value = text(value, "name"), _flat(value)
    yield from each_invalid(f"{at}.name", name, dns_label(name))
    yield from _entries(value, at)
    yield from size(value, "taints", at)
    yield from unique(value, "consumesCounters", at, "counterSet")
    yield from _capacities(value, f"{at}.capacity")
    yield from _binding(value, at)
    yield from _mappings(value, f"{at}.nodeAllocatableResourceMappings")


def _entries(value: Object, at: str) -> Iterator[Cause]:
    attributes, capacity = fields(value, "attributes"), fields(value, "capacity")
    count = len(attributes) + len(capacity)
    if count > _MOST_ENTRIES:
        detail = f"the total number of attributes and capacities must not exceed {_MOST_ENTRIES}"
        yield invalid(at, count, detail)
    values = sum(_value_count(entry) for entry in attributes.values())
    if values > _MOST_VALUES:
        detail = f"the total number of attribute values must not exceed {_MOST_VALUES}"
        yield invalid(at, values, detail)
    for name in attributes:
        yield from domain_and_id(name, f"{at}.attributes")
    for name in capacity:
        yield from domain_and_id(name, f"{at}.capacity")


def _value_count(attribute: Json) -> int:
    if not isinstance(attribute, dict):
        return 1
    return sum(len(many(attribute, name)) for name in _LISTS) or 1


def attribute(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a device's attribute."""
    names = [name for name in _VALUES if has(value, name)]
    if len(names) != 1:
        yield invalid(at, dict(value) if names else "", "exactly one value must be specified")
    yield from (
        invalid(f"{at}.{name}", [], "must not be empty if specified")
        for name in names
        if value[name] == []
    )
    for path, version in _strings(value, "version", at):
        if not _VERSION.fullmatch(version):
            detail = "must be a string compatible with semver.org spec 2.0.0"
            yield invalid(path, version, detail)
    yield from _long_strings(value, at)


def _long_strings(value: Object, at: str) -> Iterator[Cause]:
    for path, item in (*_strings(value, "string", at), *_strings(value, "version", at)):
        if len(item.encode()) > _LONGEST_VALUE:
            yield too_long(path, _LONGEST_VALUE)


def _strings(value: Object, name: str, at: str) -> Iterator[tuple[str, str]]:
    """The strings of an attribute, the one and those of a list."""
    if has(value, name):
        yield f"{at}.{name}", text(value, name)
    yield from texts(value, f"{name}s", at)


def counter_set(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a set of counters that devices share."""
    yield from _counters(value, at, "name")


def consumption(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of what a device takes from a set of counters."""
    yield from _counters(value, at, "counterSet")


def _counters(value: Object, at: str, key: str) -> Iterator[Cause]:
    name, counters = text(value, key), fields(value, "counters")
    yield from (
        each_invalid(f"{at}.{key}", name, dns_label(name)) if name else [required(f"{at}.{key}")]
    )
    if not counters:
        yield required(f"{at}.counters")
    elif len(counters) > _MOST_COUNTERS:
        yield too_many(f"{at}.counters", len(counters), _MOST_COUNTERS)
    for counter in counters:
        yield from each_invalid(f"{at}.counters", counter, dns_label(counter))


def _capacities(device: Object, at: str) -> Iterator[Cause]:
    shared = device.get("allowMultipleAllocations") is True
    for name, capacity in fields(device, "capacity").items():
        if not isinstance(capacity, dict) or not has(capacity, "requestPolicy"):
            continue
        where = f"{at}[{name}].requestPolicy"
        if shared:
            yield from _policy(capacity, fields(capacity, "requestPolicy"), where)
        else:
            yield forbidden(where, "allowMultipleAllocations must be true")


def _policy(capacity: Object, policy: Object, at: str) -> Iterator[Cause]:
    values, is_range = many(policy, "validValues"), has(policy, "validRange")
    if values and is_range:
        detail = (
            'exactly one policy can be specified, cannot specify "validValues" and "validRange" '
            "at the same time"
        )
        yield forbidden(at, detail)
        return
    if not values and not is_range:
        return
    kind = "validValues" if values else "validRange"
    default, most = _amount(policy, "default"), _amount(capacity, "value") or Fraction(0)
    if default is None:
        yield required(f"{at}.default", f"required when {kind} is defined")
    elif values:
        yield from _valid_values(policy, f"{at}.validValues", default, most)
    else:
        yield from _valid_range(fields(policy, "validRange"), f"{at}.validRange", default, most)


def _amount(value: Object, name: str) -> Fraction | None:
    return parse_quantity(value.get(name))


def _valid_values(policy: Object, at: str, default: Fraction, most: Fraction) -> Iterator[Cause]:
    yield from size(policy, "validValues", at.removesuffix(".validValues"))
    values = [parse_quantity(value) or Fraction(0) for value in many(policy, "validValues")]
    for index, value in enumerate(values):
        shown, path = canonical(many(policy, "validValues")[index]), f"{at}[{index}]"
        if index and values[index - 1] > value:
            yield invalid(path, shown, "values must be sorted in ascending order")
        if value > most:
            yield invalid(path, shown, "option is larger than capacity value")
        if value in values[:index]:
            yield duplicate(path, shown)
    if default not in values:
        shown = canonical(policy.get("default"))
        yield invalid(at, shown, "default value is not valid according to the requestPolicy")


def _valid_range(value: Object, at: str, default: Fraction, most: Fraction) -> Iterator[Cause]:
    least, highest = _amount(value, "min"), _amount(value, "max")
    if least is None:
        yield required(f"{at}.min", "required when validRange is defined")
        return
    ordered: list[tuple[str, Fraction, Fraction, str]] = [
        ("min", least, most, "min is larger than capacity value"),
        ("min", least, default, "default is less than min"),
    ]
    if highest is not None:
        ordered += [
            ("max", least, highest, "min is larger than max"),
            ("max", highest, most, "max is larger than capacity value"),
            ("max", default, highest, "default is more than max"),
        ]
    for name, small, large, detail in ordered:
        if small > large:
            yield invalid(f"{at}.{name}", canonical(value.get(name)), detail)
    yield from _steps(value, at, [default] if highest is None else [default, highest], most)


def _steps(value: Object, at: str, bounds: list[Fraction], most: Fraction) -> Iterator[Cause]:
    """A step fits into the capacity, and the default and the maximum are whole steps away."""
    least, step = _amount(value, "min") or Fraction(0), _amount(value, "step")
    if step is None:
        return
    shown, where = canonical(value.get("step")), f"{at}.step"
    if step <= 0:
        yield invalid(where, shown, "must be greater than zero")
        return
    if least + step > most:
        yield invalid(where, shown, "one step is larger than capacity value")
    whole = math.ceil(step)
    for bound in bounds:
        if (math.ceil(bound) - math.ceil(least)) % whole:
            detail = f"value is not a multiple of a given step ({shown})"
            yield invalid(where, shown, detail)


def _binding(device: Object, at: str) -> Iterator[Cause]:
    """The conditions that a device waits for, and those that make it fail: both or none."""
    both = ("bindingConditions", "bindingFailureConditions")
    for name, partner in (both, both[::-1]):
        yield from size(device, name, at)
        conditions = many(device, name)
        for path, condition in texts(device, name, at):
            yield from each_invalid(path, condition, qualified_name(condition))
        for index, condition in enumerate(conditions):
            if condition in conditions[:index]:
                yield duplicate(f"{at}.{name}[{index}]", condition)
        if conditions and not many(device, partner):
            yield invalid(f"{at}.{partner}", None, f"{partner} are required to use {name}")
    for index, condition in enumerate(many(device, both[1])):
        if condition in many(device, both[0]):
            detail = "bindingFailureConditions must not overlap with bindingConditions"
            yield invalid(f"{at}.{both[1]}[{index}]", condition, detail)


def _is_native(resource: str) -> bool:
    domain, slash, _ = resource.rpartition("/")
    return not slash or domain.endswith("kubernetes.io")


def _mappings(device: Object, at: str) -> Iterator[Cause]:
    """What of a node's resources a device stands for."""
    for name, mapping in fields(device, "nodeAllocatableResourceMappings").items():
        if not isinstance(mapping, dict):
            continue
        where = f"{at}[{name}]"
        if not _is_native(name):
            yield invalid(where, name, "must be a node allocatable resource name")
        multiplier, key = _amount(mapping, "allocationMultiplier"), text(mapping, "capacityKey")
        if multiplier is None and not has(mapping, "capacityKey"):
            detail = "at least one of allocationMultiplier or capacityKey must be set"
            yield invalid(where, "", detail)
        if multiplier is not None and multiplier <= 0:
            yield invalid(f"{where}.allocationMultiplier", str(multiplier), "must be positive")
        if has(mapping, "capacityKey") and key not in fields(device, "capacity"):
            yield not_found(f"{where}.capacityKey", key)
