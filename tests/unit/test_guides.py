"""What the guides say: links, configurations and the names of commands."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from parking_monitor import config
from tests.support.guides import ROOT, Block, blocks, guides

NOTES = r"(|not run, .+|until '.+' is seen|not a fleet\.yaml)"


def each(language: str) -> list[Block]:
    return [block for guide in guides() for block in blocks(guide, language)]


@pytest.mark.parametrize('guide', guides(), ids=lambda guide: guide.name)
def test_what_a_guide_links_to_is_there(guide: Path) -> None:
    text = guide.read_text(encoding='utf-8')
    links = re.findall(r'\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)', text)
    for path, anchor in links:
        target = guide.parent / path if path else guide
        assert target.exists(), f'{guide.name} links to {path}'
        if anchor:
            assert anchor in anchors(target), f'{guide.name} links to {path}#{anchor}'


def anchors(guide: Path) -> set[str]:
    headings = re.findall(r'^#+ (.+)$', guide.read_text(encoding='utf-8'), re.MULTILINE)
    return {re.sub(r'[^\w\- ]', '', heading).strip().lower().replace(' ', '-') for heading in headings}


@pytest.mark.parametrize('block', each('yaml'), ids=str)
def test_a_configuration_in_a_guide_is_valid(block: Block) -> None:
    if block.note == 'not a fleet.yaml':
        pytest.skip('not a fleet.yaml')
    camera = 'cameras: [{name: north_gate, zones: [{name: front row, polygon: [[0, 0], [1, 0], [1, 1]]}]}]\n'
    config.parse(block.text if re.search('^cameras:', block.text, re.MULTILINE) else camera + block.text, {})


@pytest.mark.parametrize('block', each('sh'), ids=str)
def test_the_tests_are_told_what_they_understand(block: Block) -> None:
    assert re.fullmatch(NOTES, block.note), block.note


@pytest.mark.parametrize('block', each('sh'), ids=str)
def test_a_command_in_a_guide_is_one_of_ours(block: Block) -> None:
    known = {'parking-provision', 'python'}
    for package in ('parking_monitor', 'parking_fleet'):
        known |= set(re.findall(r"'([\w-]+) = ", (ROOT / 'src' / package / 'setup.py').read_text()))
    for name in re.findall(r'scripts/in-workspace\.sh ([\w-]+)', block.text):
        assert name in known
    targets = set(re.findall(r'^([a-z-]+):', (ROOT / 'Makefile').read_text(), re.MULTILINE))
    for name in re.findall(r'^(?:\w+=\S* )*make ([\w-]+)', block.text, re.MULTILINE):
        assert name in targets


def test_what_the_guide_explains_is_what_the_program_says() -> None:
    said = '\n'.join(texts_of_the_program())
    guide = (ROOT / 'docs/what-it-says.md').read_text(encoding='utf-8')
    explained = re.findall(r'^\| `(.+?)` \|', guide, re.MULTILINE)
    assert explained
    unsaid = [
        line
        for line in explained
        if line not in PUT_TOGETHER and not all(part in said for part in re.split(r'\s*\.\.\.\s*', line))
    ]
    assert not unsaid


PUT_TOGETHER = (
    '... was ended by SIGKILL; it is started again in ... s',
    'fleet.yaml:12: cameras[0].rate_hz: ...',
    'lane: OK -> STALE: ...',
    'model waiting to restart: ...',
)
"""Lines that the program puts together from more than one text."""


def texts_of_the_program() -> Iterator[str]:
    """Yield each text in the sources, as one even where it is written in parts."""
    for file in (ROOT / 'src/parking_monitor/parking_monitor').rglob('*.py'):
        for node in ast.walk(ast.parse(file.read_text(encoding='utf-8'))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            elif isinstance(node, ast.JoinedStr):
                yield ''.join(
                    str(part.value) if isinstance(part, ast.Constant) else '\0' for part in node.values
                )
