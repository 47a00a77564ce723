"""Number the messages of a device."""

import itertools


class Sequence:
    """Give out numbers that rise by one, for as long as the process lives.

    A device whose numbers must not repeat across reboots gives the publisher
    another callable that takes no argument and returns the next number.

    Args:
        first: the first number.
    """

    def __init__(self, first: int = 1) -> None:
        # itertools.count is one C call a number: safe from several threads.
        self._numbers = itertools.count(first)

    def __call__(self) -> int:
        """Return the next number."""
        return next(self._numbers)
