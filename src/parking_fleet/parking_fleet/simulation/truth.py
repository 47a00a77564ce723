"""Write down what was sent, so that a store can be compared with it: JSON lines.

A line `{"simulation": ...}` first; then one `{"sent": [uuid, seq, topic]}` for each message that the
broker took, once, however often it was sent; at the end one `{"device": ...}` for each device.
"""

import json
from pathlib import Path
from types import TracebackType
from typing import Self

from parking_fleet.simulation.device import Outgoing, SimulatedDevice


class Truth:
    """Own the file; for one thread."""

    def __init__(self, file: Path) -> None:
        self._lines = file.open('w', encoding='utf-8')
        self._written: set[tuple[str, int]] = set()

    def begin(self, **settings: object) -> None:
        """Write how the simulation was begun."""
        self._line({'simulation': settings})

    def taken(self, message: Outgoing) -> None:
        """Write that the broker took a message."""
        key = message.uuid, message.seq
        if message.is_known and key not in self._written:
            self._written.add(key)
            self._line({'sent': [message.uuid, message.seq, message.topic.rpartition('/')[2]]})

    def device(self, device: SimulatedDevice) -> None:
        """Write how a device ended."""
        self._line(
            {
                'device': {
                    'uuid': device.uuid,
                    'facility': device.facility,
                    'floor': device.floor,
                    'cars': device.cars,
                    'entered': device.entered,
                    'left': device.left,
                    'sent': device.sent,
                }
            }
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lines.close()

    def _line(self, content: object) -> None:
        self._lines.write(json.dumps(content) + '\n')
