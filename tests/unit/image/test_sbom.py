"""`make sbom`: what the image is made of."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.support import dockerfile
from tests.support.node import node
from tests.support.workspace import ROOT


@pytest.fixture(scope='module')
def sbom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    node()  # or skip
    folder = tmp_path_factory.mktemp('sbom')
    subprocess.run([ROOT / 'scripts/sbom.sh', folder], check=True, capture_output=True)
    return folder


def components(file: Path) -> set[tuple[str, str]]:
    content = json.loads(file.read_text())
    assert content['bomFormat'] == 'CycloneDX'
    return {
        (one['purl'].partition('@')[0].partition(':')[2], one['version']) for one in content['components']
    }


def test_it_names_every_pinned_python_package(sbom: Path) -> None:
    pinned = re.findall(
        r'^([a-z0-9-]+)==(\S+)', (ROOT / 'requirements/runtime.txt').read_text(), re.MULTILINE
    )
    assert {(f'pypi/{name}', version) for name, version in pinned} == components(sbom / 'python.cdx.json')


def test_it_names_the_packages_of_edge_impulses_client(sbom: Path) -> None:
    found = components(sbom / 'studio-client.cdx.json')
    assert {('npm/edge-impulse-linux', '1.25.2'), ('npm/sharp', '0.33.5')} <= found


def test_it_names_what_comes_from_apt(sbom: Path) -> None:
    names = (sbom / 'apt-packages.txt').read_text().split()
    assert names == dockerfile.apt_packages('device')
