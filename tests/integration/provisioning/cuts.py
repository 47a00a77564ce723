"""Cut a run off at a call to AWS: before it is sent, or after it had its effect."""

import enum
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from provisioning.aws import Aws


class Cut(BaseException):
    """The process is gone: nothing in the tool catches this."""


class When(enum.Enum):
    BEFORE = 'before-call'
    AFTER = 'after-call'


class Calls:
    """Count the calls of an account's clients, and end the run at one of them."""

    def __init__(self, aws: Aws) -> None:
        self.names: list[str] = []
        self._cut_at = 0
        self._when = When.BEFORE
        for client in (aws.iot, aws.iot_data, aws.dynamodb):
            for when in When:
                client.meta.events.register(when.value, self._listener(when))

    def cuts(self) -> list[tuple[When, int]]:
        """Return every cut of the calls just counted that matters: before and after each change.

        A cut at a call that only looks leaves what a cut at the next change leaves.
        """
        looks = ('Describe', 'Get', 'List', 'Query', 'Scan', 'Search')
        changes = [number for number, name in enumerate(self.names, 1) if not name.startswith(looks)]
        assert len(changes) > 3
        return [(when, number) for when in When for number in changes]

    @contextmanager
    def cut_at(self, number: int, when: When) -> Iterator[None]:
        """End the run at its call of that number, the first being 1."""
        self.names, self._cut_at, self._when = [], number, when
        try:
            yield
        finally:
            self._cut_at = 0

    def _listener(self, when: When) -> Any:
        def on_event(**details: Any) -> None:
            if when is When.BEFORE:
                self.names.append(details['model'].name)
            if when is self._when and len(self.names) == self._cut_at:
                raise Cut

        return on_event
