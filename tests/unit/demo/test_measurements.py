"""The numbers of the demo are what was observed."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from demo.measurements import Measurements, percentile
from parking_monitor.values import Count, CountState, Occupancy


def a_count(stamp_ns: int, cars: int, state: CountState = CountState.OK) -> Count:
    return Count(stamp_ns=stamp_ns, state=state, cars=cars)


def exact_share(cars: int, *visible_shares: float) -> float | None:
    measured = Measurements()
    measured.add_truth(1, visible_shares)
    measured.add_count(a_count(1, cars), now_ns=5)
    return measured.report().exact_count_share


def test_a_count_agrees_when_it_has_every_car_that_can_be_seen() -> None:
    assert exact_share(2, 1.0, 0.5) == 1.0
    assert exact_share(1, 1.0, 0.5) == 0.0
    assert exact_share(3, 1.0, 0.5) == 0.0


def test_a_car_that_is_half_hidden_may_be_counted_or_not() -> None:
    assert exact_share(1, 1.0, 0.49) == exact_share(2, 1.0, 0.49) == 1.0
    assert exact_share(3, 1.0, 0.49) == 0.0


def test_a_car_that_cannot_be_seen_must_not_be_counted() -> None:
    assert exact_share(2, 1.0, 0.09) == 0.0


def test_without_a_truth_nothing_is_said_about_exactness() -> None:
    measured = Measurements()
    measured.add_count(a_count(1, cars=2), now_ns=5)
    assert measured.report().exact_count_share is None


def test_latency_is_from_the_stamp_of_the_image_to_the_arrival_of_its_count() -> None:
    measured = Measurements()
    for latency_ms in range(1, 101):
        measured.add_count(a_count(1_000, cars=0), now_ns=1_000 + latency_ms * 1_000_000)
    report = measured.report()
    assert (report.latency_ms_p50, report.latency_ms_p99) == (50.0, 99.0)


def test_counts_before_the_first_picture_have_no_latency() -> None:
    measured = Measurements()
    measured.add_count(a_count(0, cars=0, state=CountState.UNKNOWN), now_ns=5)
    assert measured.report().latency_ms_p50 is None


def test_counts_flowed_only_if_each_step_saw_some() -> None:
    measured = Measurements(frames=1, detections=1, acknowledged=1, received_by_broker=1)
    assert not measured.report().flowed
    measured.add_count(a_count(1, cars=0), now_ns=2)
    assert measured.report().flowed
    measured.received_by_broker = 0
    assert not measured.report().flowed


def test_a_stale_count_at_the_end_is_no_success() -> None:
    measured = Measurements(frames=1, detections=1, acknowledged=1, received_by_broker=1)
    measured.add_count(a_count(1, cars=0, state=CountState.STALE), now_ns=2)
    assert not measured.report().flowed


def test_the_report_has_the_documented_keys(tmp_path: Path) -> None:
    Measurements().report().write(tmp_path / 'demo' / 'report.json')
    assert list(json.loads((tmp_path / 'demo' / 'report.json').read_text())) == [
        'frames',
        'detections',
        'counts_published',
        'messages_acknowledged',
        'messages_received_by_broker',
        'latency_ms_p50',
        'latency_ms_p99',
        'exact_count_share',
        'state',
        'capacity',
        'occupied',
        'free',
        'unknown',
        'entered',
        'left',
        'counts_stored',
    ]


def test_places_and_totals_are_those_of_the_last_count() -> None:
    measured = Measurements()
    measured.add_count(a_count(1, cars=2), now_ns=5)
    last = replace(a_count(2, cars=2), places=Occupancy(2, 5, 1), entered=4, left=3)
    measured.add_count(last, now_ns=6)
    report = measured.report()
    assert (report.capacity, report.occupied, report.free, report.unknown) == (8, 2, 5, 1)
    assert (report.entered, report.left) == (4, 3)


@pytest.mark.parametrize(
    ('values', 'share', 'expected'), [([], 50, None), ([7.0], 99, 7.0), ([3, 1, 2], 50, 2)]
)
def test_a_percentile_is_a_value_that_was_measured(
    values: list[float], share: float, expected: float | None
) -> None:
    assert percentile(values, share) == expected
