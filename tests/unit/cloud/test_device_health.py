"""How a device is, as it reports it to its shadow: seldom, and coarse."""

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.identity import CertificateAuthority
from parking_monitor.cloud.device_health import (
    LOOK_EVERY_S,
    HealthReport,
    coarse_temperature,
    coarse_waiting,
    hottest_c,
)
from parking_monitor.cloud.identity_files import certificate_life
from parking_monitor.cloud.mqtt_settings import MqttSettings


class Device:
    """Hold what a report looks at, under the test's control."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.thermal = folder / 'thermal'
        self.waiting = 0
        self.settings = self.with_certificate()
        self.report = HealthReport(self.settings, lambda: self.waiting, self.thermal)

    def with_certificate(self, life: dt.timedelta = dt.timedelta(days=90)) -> MqttSettings:
        identity = CertificateAuthority().client(self.folder / 'garage', 'garage', life)
        return MqttSettings(
            endpoint='localhost',
            thing='garage',
            certificate=identity.certificate,
            private_key=identity.private_key,
            ca=identity.ca,
        )

    def warm(self, *zones: str) -> None:
        """Let the thermal zones hold these texts."""
        for number, text in enumerate(zones):
            zone = self.thermal / f'thermal_zone{number}'
            zone.mkdir(parents=True, exist_ok=True)
            (zone / 'temp').write_text(text)


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path)


def test_certificate_temperature_and_outbox_are_told_at_once(device: Device) -> None:
    device.warm('51000\n', '63500\n')
    device.waiting = 4_321
    end = certificate_life(device.settings)[1]
    assert device.report.section(5.0) == {
        'certificate_expires': end.isoformat().replace('+00:00', 'Z'),
        'temperature_c': 65,
        'waiting': 4_000,
    }


def test_what_changes_is_told_once_in_five_minutes(device: Device) -> None:
    device.warm('50000')
    first = device.report.section(0.0)
    device.warm('80000')
    device.waiting = 30
    before = first['certificate_expires']
    device.with_certificate(dt.timedelta(days=365))
    assert device.report.section(LOOK_EVERY_S - 0.1) == first
    later = device.report.section(LOOK_EVERY_S)
    assert (later['temperature_c'], later['waiting']) == (80, 30)
    assert str(later['certificate_expires']) > str(before)


def test_what_is_not_known_is_left_out(device: Device) -> None:
    device.settings.certificate.unlink()
    assert device.report.section(0.0) == {'waiting': 0}


def test_a_zone_that_is_off_or_tells_nonsense_is_not_the_hottest(device: Device) -> None:
    device.warm('40000', '', 'off', '-274000', '4294967295')
    (device.thermal / 'thermal_zone9' / 'temp').mkdir(parents=True)
    assert hottest_c(device.thermal) == 40.0


def test_a_temperature_at_the_middle_between_two_steps_does_not_go_to_and_fro(device: Device) -> None:
    told = []
    for look, temperature in enumerate((52_400, 52_600, 53_900, 52_400, 54_100, 52_400, 51_000)):
        device.warm(str(temperature))
        told.append(device.report.section(look * LOOK_EVERY_S)['temperature_c'])
    assert told == [50, 50, 50, 50, 55, 55, 50]


@given(st.lists(st.floats(-60, 150), min_size=1))
def test_what_is_told_of_a_temperature_is_a_step_and_near_the_truth(course: list[float]) -> None:
    told: int | None = None
    for measured in course:
        told = coarse_temperature(measured, told)
        assert told is not None
        assert told % 5 == 0
        assert abs(told - measured) < 4
    assert coarse_temperature(None, told) is None


@pytest.mark.parametrize(
    ('number', 'told'), [(0, 0), (9, 0), (10, 10), (19, 10), (99, 90), (100, 100), (100_000, 100_000)]
)
def test_of_messages_that_wait_the_first_digit_is_told(number: int, told: int) -> None:
    assert coarse_waiting(number) == told
