"""Write down what exists and what was done, for the table and for --json."""

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

Result = TypeVar('Result')

WAITING = 'waiting'
"""What an entry is about that tells what has to happen before the next run."""


class Outcome(enum.StrEnum):
    """Name what became of one thing that has to be there."""

    THERE = 'there'
    MADE = 'made'
    CHANGED = 'changed'
    REMOVED = 'removed'
    GONE = 'gone already'
    WOULD = 'would be'
    PASSED = 'passed'
    FAILED = 'failed'
    NOTE = 'note'


_ACTS = frozenset({Outcome.MADE, Outcome.CHANGED, Outcome.REMOVED, Outcome.WOULD})


@dataclass(frozen=True, slots=True)
class Entry:
    """Hold one line of the table: what it is about, its name, what became of it, and why."""

    what: str
    name: str
    outcome: Outcome
    detail: str = ''

    @property
    def text(self) -> str:
        """Return the outcome as a person reads it."""
        return self.detail if self.outcome is Outcome.WOULD else str(self.outcome)


@dataclass(slots=True)
class Ledger:
    """Collect entries; in a dry run nothing is done, only written down.

    Attributes:
        subject: the thing that the entries are about; `account` for what all things share.
        dry_run: whether acts are only announced.
        entries: in the order in which they came.
    """

    subject: str
    dry_run: bool = False
    entries: list[Entry] = field(default_factory=list)

    @property
    def acted(self) -> bool:
        """Return whether anything was changed, or would be in a dry run."""
        return any(entry.outcome in _ACTS for entry in self.entries)

    @property
    def failed(self) -> bool:
        """Return whether anything went wrong."""
        return any(entry.outcome is Outcome.FAILED for entry in self.entries)

    def note(self, outcome: Outcome, what: str, name: str = '', detail: str = '') -> None:
        """Write down something that needed no act."""
        self.entries.append(Entry(what, name, outcome, detail))

    def there(self, what: str, name: str = '', detail: str = '') -> None:
        """Write down that something exists already."""
        self.note(Outcome.THERE, what, name, detail)

    def act(
        self,
        outcome: Outcome,
        what: str,
        name: str,
        action: Callable[[], Result],
        detail: str = '',
    ) -> Result | None:
        """Do something and write it down; in a dry run, only say that it would be done.

        Returns:
            What the action returned; None in a dry run.
        """
        if self.dry_run:
            self.entries.append(Entry(what, name, Outcome.WOULD, f'would be {outcome}'))
            return None
        result = action()
        self.entries.append(Entry(what, name, outcome, detail))
        return result

    def as_json(self) -> dict[str, Any]:
        """Return the entries as JSON can hold them."""
        return {
            'subject': self.subject,
            'changed': self.acted and not self.dry_run,
            'failed': self.failed,
            'steps': [
                {'what': entry.what, 'name': entry.name, 'outcome': entry.text, 'detail': entry.detail}
                for entry in self.entries
            ],
        }
