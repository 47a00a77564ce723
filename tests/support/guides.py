"""Read the commands and configurations in the guides, as a person would copy them.

A comment above a fenced block says what a test cannot know:

    <!-- test: not run, it needs a Raspberry Pi -->
    <!-- test: until 'UNKNOWN -> OK' is seen -->             stopped with Ctrl-C then, as the text says
    <!-- test: not a fleet.yaml -->
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(
    r'(?:^ *<!-- test: (?P<note>[^\n]*?) -->\n)?'
    r'^(?P<indent> *)```(?P<language>\w+)\n(?P<text>.*?)^(?P=indent)```$',
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Block:
    """Hold a fenced block of a guide.

    Attributes:
        guide: where it stands.
        line: number of its first line.
        language: as `sh`, `yaml`.
        text: what it says.
        note: what the comment above says to the tests; empty for none.
    """

    guide: Path
    line: int
    language: str
    text: str
    note: str

    def __str__(self) -> str:
        return f'{self.guide.relative_to(ROOT)}:{self.line}'

    @property
    def why_not_run(self) -> str:
        """Return why it cannot be run by a test; empty when it can."""
        found = re.fullmatch('not run, (.+)', self.note)
        return found[1] if found else ''

    @property
    def until(self) -> str:
        """Return what is to be seen before it is stopped with Ctrl-C; empty when it ends by itself."""
        found = re.fullmatch("until '(.+)' is seen", self.note)
        return found[1] if found else ''


def guides() -> list[Path]:
    """Return the texts with commands for a user."""
    return [ROOT / 'README.md', ROOT / 'docker' / 'README.md', *sorted((ROOT / 'docs').glob('*.md'))]


def blocks(guide: Path, language: str) -> list[Block]:
    """Return the blocks of a guide in one language, in their order."""
    text = guide.read_text(encoding='utf-8')
    return [
        Block(
            guide=guide,
            line=text.count('\n', 0, match.start('text')) + 1,
            language=match['language'],
            text=re.sub(f'^{match["indent"]}', '', match['text'], flags=re.MULTILINE),
            note=match['note'] or '',
        )
        for match in _FENCE.finditer(text)
        if match['language'] == language
    ]
