"""The time zone of a machine has a name, and a name has a time zone."""

import datetime as dt
from pathlib import Path

import pytest

from parking_monitor.time_zone import machine_time_zone, to_time_zone

NONE = Path('/nonexistent')


def test_a_name_is_a_time_zone_with_its_summer_time() -> None:
    zone = to_time_zone('Europe/Berlin')
    assert dt.datetime(2026, 7, 1, tzinfo=zone).utcoffset() == dt.timedelta(hours=2)


def test_utc_is_known_without_the_data_of_the_machine() -> None:
    assert to_time_zone('UTC') is dt.UTC


@pytest.mark.parametrize('name', ['', 'Berlin', '../../etc/passwd', 'Europe', '\0'])
def test_a_name_that_is_none_is_refused_with_an_example(name: str) -> None:
    with pytest.raises(ValueError, match='give an IANA name such as Europe/Berlin or UTC'):
        to_time_zone(name)


def test_the_environment_comes_before_the_files(tmp_path: Path) -> None:
    (tmp_path / 'localtime').symlink_to('/usr/share/zoneinfo/America/Lima')
    (tmp_path / 'timezone').write_text('Asia/Tokyo\n')
    files = (tmp_path / 'localtime', tmp_path / 'timezone')
    assert machine_time_zone({'TZ': ':Europe/Berlin'}, *files) == 'Europe/Berlin'
    assert machine_time_zone({'TZ': 'CET-1CEST'}, *files) == 'America/Lima'  # not a name
    assert machine_time_zone({}, *files) == 'America/Lima'
    assert machine_time_zone({}, NONE, tmp_path / 'timezone') == 'Asia/Tokyo'


def test_a_machine_that_says_nothing_keeps_utc() -> None:
    assert machine_time_zone({}, NONE, NONE) == 'UTC'
