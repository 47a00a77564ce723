"""Say how a device is, in the section `health` of what it reports to its shadow.

Every change of the section is an update of the shadow, which costs money and wakes whoever listens. So
it is looked at seldom, and what it tells is coarse, so that it mostly stays the same.
"""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from parking_monitor.cloud.errors import IdentityFileError
from parking_monitor.cloud.identity_files import certificate_life
from parking_monitor.cloud.mqtt_settings import MqttSettings
from parking_monitor.cloud.shadow_document import Json

LOOK_EVERY_S = 300.0
"""So often it is looked at, so that health alone changes a report at most so often."""

THERMAL_FOLDER = Path('/sys/class/thermal')

_STEP_C = 5
# A little more than half a step: a temperature at the middle between two does not go to and fro.
_HOLD_C = 4.0
# What sensors tell that are off, or not there, lies beyond.
_COLDEST_C, _HOTTEST_C = -60.0, 150.0
_FEWEST_WAITING = 10


class HealthReport:
    """Keep the section `health` of a report.

    Args:
        settings: name the device's certificate.
        waiting: returns how many messages are in the outbox.
        thermal_folder: where the kernel shows the thermal zones.
    """

    def __init__(
        self, settings: MqttSettings, waiting: Callable[[], int], thermal_folder: Path = THERMAL_FOLDER
    ) -> None:
        self._settings = settings
        self._waiting = waiting
        self._thermal_folder = thermal_folder
        self._section: dict[str, Json] = {}
        self._temperature_c: int | None = None
        self._next_look_s = float('-inf')

    def section(self, now_s: float) -> dict[str, Json]:
        """Return the section: at once the first time, and then the same one for `LOOK_EVERY_S`.

        Args:
            now_s: monotonic seconds.
        """
        if now_s >= self._next_look_s:
            self._next_look_s = now_s + LOOK_EVERY_S
            self._section = self._look()
        return self._section

    def _look(self) -> dict[str, Json]:
        section: dict[str, Json] = {}
        end = self._certificate_end()
        if end is not None:
            section['certificate_expires'] = f'{end:%Y-%m-%dT%H:%M:%SZ}'
        self._temperature_c = coarse_temperature(hottest_c(self._thermal_folder), self._temperature_c)
        if self._temperature_c is not None:
            section['temperature_c'] = self._temperature_c
        section['waiting'] = coarse_waiting(self._waiting())
        return section

    def _certificate_end(self) -> dt.datetime | None:
        try:
            return certificate_life(self._settings)[1]
        except IdentityFileError:
            # The session tells this, and why.
            return None


def hottest_c(folder: Path = THERMAL_FOLDER) -> float | None:
    """Return the temperature of the hottest thermal zone, °C; None where there is none to be read.

    Args:
        folder: has `thermal_zone*/temp`, in thousandths of a degree.
    """
    known = [_zone_c(file) for file in folder.glob('thermal_zone*/temp')]
    return max((one for one in known if one is not None), default=None)


def coarse_temperature(measured_c: float | None, told_c: int | None) -> int | None:
    """Return a temperature in steps of 5 °C; what was told before stands until it is off by 4 °C.

    >>> coarse_temperature(52.4, None), coarse_temperature(53.9, 50), coarse_temperature(54.0, 50)
    (50, 50, 55)
    """
    if measured_c is None:
        return None
    if told_c is not None and abs(measured_c - told_c) < _HOLD_C:
        return told_c
    return _STEP_C * round(measured_c / _STEP_C)


def coarse_waiting(number: int) -> int:
    """Return a number of messages by its first digit; fewer than 10 are on their way, and none wait.

    >>> [coarse_waiting(number) for number in (9, 10, 199, 4_321)]
    [0, 10, 100, 4000]
    """
    if number < _FEWEST_WAITING:
        return 0
    unit: int = 10 ** (len(str(number)) - 1)
    return number // unit * unit


def _zone_c(file: Path) -> float | None:
    try:
        temperature_c = int(file.read_text(encoding='ascii')) / 1000
    except (OSError, ValueError):
        # A zone that is switched off answers with an error.
        return None
    return temperature_c if _COLDEST_C <= temperature_c <= _HOTTEST_C else None
