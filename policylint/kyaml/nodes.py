"""The one module that imports PyYAML: libyaml's parser, and the nodes it makes.

Importing PyYAML compiles the regular expressions of its pure reader and resolver, which libyaml's
parser does not use; they take longer than all else in it, so they are left until somebody uses
them.
"""

from __future__ import annotations

from policylint.runtime.patterns import deferred

with deferred():
    import yaml
    from yaml.constructor import ConstructorError
    from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

__all__ = ["ConstructorError", "MappingNode", "Node", "ScalarNode", "SequenceNode", "yaml"]
