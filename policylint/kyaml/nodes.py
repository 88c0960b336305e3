"""The one module that imports PyYAML: libyaml's parser, and the nodes it makes."""

from __future__ import annotations

import yaml
from yaml.constructor import ConstructorError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

__all__ = ["ConstructorError", "MappingNode", "Node", "ScalarNode", "SequenceNode", "yaml"]
