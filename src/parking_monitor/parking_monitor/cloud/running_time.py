"""Measure how long messages wait, whatever is done to the clock on the wall."""

import time
from dataclasses import dataclass, field
from pathlib import Path

_BOOT_ID = Path('/proc/sys/kernel/random/boot_id')

REBOOT_S = 60.0
"""What a reboot counts for: nobody measures how long the device was off."""


def _boot_id() -> str:
    return _BOOT_ID.read_text().strip()


@dataclass(slots=True)
class RunningTime:
    """Count the seconds that the device was running, from boot to boot.

    A clock that jumps, forward at the first time server or back by a year, changes nothing
    about how long a message has waited. Every boot begins where the last message of the one
    before left off, `REBOOT_S` later.

    Attributes:
        boot_id: names the present boot.
        base_s: running time at which this boot began.
    """

    boot_id: str = field(default_factory=_boot_id)
    base_s: float = 0.0

    def now_s(self) -> float:
        """Return the running time."""
        return self.base_s + time.clock_gettime(time.CLOCK_BOOTTIME)

    def resume(self, boot_id: str, base_s: float, last_s: float) -> None:
        """Go on from what an earlier process has written.

        Args:
            boot_id: the boot in which it did.
            base_s: its base.
            last_s: running time of its last message.
        """
        here_s = base_s if boot_id == self.boot_id else last_s + REBOOT_S
        # A file that was begun anew knows less than this process.
        self.base_s = max(self.base_s, here_s)
