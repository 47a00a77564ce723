"""Cut a stream of bytes into JSON objects, by counting braces as the recorded models do."""

import json
import re
from collections.abc import Iterator
from typing import Any

LONGEST = 32 * 1024 * 1024
"""Bytes of one request."""
_BRACES = re.compile(rb'[{}]')


class TooLongError(Exception):
    """Say that a request is longer than its bound."""


class Framing:
    """Collect received bytes and give out what is complete."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._counted = 0
        self._depth = 0

    def feed(self, chunk: bytes) -> Iterator[dict[str, Any] | None]:
        """Yield each object that these bytes complete; None for one that is not JSON.

        Raises:
            TooLongError: when an object is longer than 32 MB.
        """
        self._received += chunk
        while (end := self._end()) is not None:
            text = bytes(self._received[:end])
            del self._received[:end]
            self._counted = 0
            yield _parse(text)
        if len(self._received) > LONGEST:
            raise TooLongError

    def _end(self) -> int | None:
        """Return where the first object ends; drop what is before it and cannot begin one."""
        for brace in _BRACES.finditer(self._received, self._counted):
            if brace.group() == b'{':
                self._depth += 1
            elif self._depth > 0:
                self._depth -= 1
                if self._depth == 0:
                    return brace.end()
        self._counted = len(self._received)
        if self._depth == 0:
            self._received.clear()
            self._counted = 0
        return None


def _parse(text: bytes) -> dict[str, Any] | None:
    try:
        parsed = json.loads(text[text.index(b'{') :])
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None
