"""Read the CloudFormation template of the stack."""

from pathlib import Path
from typing import Any

import yaml

PATH = Path(__file__).resolve().parents[3] / 'provisioning' / 'cloud' / 'parking-fleet.yaml'


class _Loader(yaml.SafeLoader):
    """Read the short forms too: `!Ref x` becomes {'Ref': 'x'}, `!Sub x` {'Fn::Sub': 'x'}."""


def _function(loader: _Loader, name: str, node: yaml.Node) -> dict[str, Any]:
    key = name if name in {'Ref', 'Condition'} else f'Fn::{name}'
    if isinstance(node, yaml.SequenceNode):
        return {key: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.ScalarNode)
    return {key: loader.construct_scalar(node)}


_Loader.add_multi_constructor('!', _function)


def resources() -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(PATH.read_text(), _Loader)['Resources']  # noqa: S506  (a SafeLoader)
    return found


def function_source(resource: str) -> str:
    """Return the source of a function, as it stands in the template."""
    return str(resources()[resource]['Properties']['Code']['ZipFile'])
