"""Each car that goes through a gate counts once, and no other does."""

import math

import pytest

from parking_monitor.counting.counter import Counter
from parking_monitor.counting.gates import Gate
from parking_monitor.values import Direction
from tests.unit.counting.traffic import Road, Thing, a_drive, crossings, unseen

GATE = Gate('north', ((0.25, 0.5), (0.75, 0.5)), inside=(0.5, 0.9))
"""A line from (160, 240) to (480, 240); inside is below it."""
IN_X, BESIDE_X = 320.0, 580.0


def down(from_s: float = 4.0, x: float = IN_X, seconds: float = 8.0) -> Thing:
    """Drive through the picture from its upper to its lower edge."""
    return a_drive([(from_s, x, -40), (from_s + seconds, x, 520)])


def up(from_s: float = 4.0, x: float = IN_X, seconds: float = 8.0) -> Thing:
    return a_drive([(from_s, x, 520), (from_s + seconds, x, -40)])


def ways(*things: Thing, seconds: float = 20.0, rate_hz: float = 10.0, gate: Gate = GATE) -> str:
    """Return the directions of all crossings in their order, as i for in and o for out."""
    road = Road(Counter(gates=[gate]), rate_hz)
    counts = road.show(seconds, *things)
    seen = ''.join('i' if crossing.direction is Direction.IN else 'o' for crossing in crossings(counts))
    last = counts[-1]
    assert (last.entered, last.left) == (seen.count('i'), seen.count('o'))
    assert (last.gates[0].entered, last.gates[0].left) == (last.entered, last.left)
    return seen


@pytest.mark.parametrize('rate_hz', [15.0, 10.0, 5.0, 2.0, 1.0])
def test_a_car_goes_in_and_another_goes_out(rate_hz: float) -> None:
    assert ways(down(), rate_hz=rate_hz) == 'i'
    assert ways(up(), rate_hz=rate_hz) == 'o'


def test_at_one_frame_in_two_seconds_a_car_at_walking_pace_is_counted() -> None:
    assert ways(down(seconds=16), seconds=26, rate_hz=0.5) == 'i'
    assert ways(up(seconds=16), seconds=26, rate_hz=0.5) == 'o'


@pytest.mark.parametrize('line', [GATE.line, GATE.line[::-1]])
@pytest.mark.parametrize(('inside', 'expected'), [((0.5, 0.9), 'i'), ((0.5, 0.1), 'o')])
def test_the_entering_side_alone_tells_in_from_out(
    line: tuple[tuple[float, float], tuple[float, float]], inside: tuple[float, float], expected: str
) -> None:
    assert ways(down(), gate=Gate('north', line, inside)) == expected


def test_a_crossing_tells_its_gate_its_track_and_its_time() -> None:
    road = Road(Counter(gates=[GATE]))
    while not (count := road.show(0.1, down())[0]).crossings:
        assert road.now_s < 20
    (crossing,) = count.crossings
    assert (crossing.gate, crossing.stamp_ns) == ('north', count.stamp_ns)
    assert [track.track_id for track in road.counter.tracks] == [crossing.track_id]


def test_a_car_that_turns_round_in_the_gate_leaves_the_net_as_it_was() -> None:
    for deepest in (235, 250, 270, 330):
        way = a_drive([(4, IN_X, -40), (8, IN_X, deepest), (9, IN_X, deepest), (13, IN_X, -40)])
        assert ways(way) in {'', 'io'}


def test_a_car_that_only_touches_the_line_is_not_counted() -> None:
    assert ways(a_drive([(4, IN_X, -40), (8, IN_X, 228), (9, IN_X, 228), (13, IN_X, -40)])) == ''


@pytest.mark.parametrize('stop_y', [200, 225, 231, 240, 255])
def test_a_car_that_stops_on_the_line_and_goes_on_counts_once(stop_y: float) -> None:
    way = [(4, IN_X, -40), (8, IN_X, stop_y), (40, IN_X, stop_y), (45, IN_X, 520)]
    assert ways(a_drive(way), seconds=50) == 'i'


@pytest.mark.parametrize('stop_y', [200, 231, 255])
def test_a_car_that_stops_on_the_line_and_goes_back_leaves_the_net_as_it_was(stop_y: float) -> None:
    way = [(4, IN_X, -40), (8, IN_X, stop_y), (40, IN_X, stop_y), (45, IN_X, -40)]
    assert ways(a_drive(way), seconds=50) in {'', 'io'}


@pytest.mark.parametrize('y', [226, 231, 236])
def test_a_car_that_stands_on_the_line_and_jitters_is_not_counted(y: float) -> None:
    road = Road(Counter(gates=[GATE]), jitter_px=3.0)
    swaying = a_drive([(second, IN_X, y + 5 * math.sin(second)) for second in range(60)])
    assert crossings(road.show(58, swaying)) == []


def test_two_cars_side_by_side_count_twice() -> None:
    assert ways(down(x=250), down(x=390)) == 'ii'


def test_two_cars_that_meet_in_the_gate_count_one_each_way() -> None:
    assert sorted(ways(down(x=250), up(x=390))) == ['i', 'o']


def test_a_row_of_cars_counts_each() -> None:
    assert ways(*(down(from_s=4 + 2.5 * index) for index in range(6)), seconds=40) == 'iiiiii'


def test_a_car_that_passes_beside_the_gate_is_not_counted() -> None:
    assert ways(down(x=BESIDE_X), up(from_s=14, x=60), seconds=30) == ''


def test_a_car_that_drives_along_the_gate_is_not_counted() -> None:
    for y in (150.0, 330.0):
        assert ways(a_drive([(4, -60, y), (12, 700, y)])) == ''


@pytest.mark.parametrize('gap_s', [0.5, 1.0, 1.5])
def test_a_car_lost_just_before_the_line_and_found_behind_it_counts_once(gap_s: float) -> None:
    # The middle is at the line 4 s after the start of the drive.
    assert ways(unseen(down(), 8.0 - gap_s / 2, 8.0 + gap_s / 2)) == 'i'


def test_a_car_that_flickers_all_the_way_counts_once() -> None:
    through, frames = down(), iter(range(10_000))
    assert ways(lambda now_s: through(now_s) if next(frames) % 3 else None) == 'i'


def test_a_car_that_stands_inside_from_the_start_never_came_in() -> None:
    assert ways(a_drive([(0, IN_X, 300), (30, IN_X, 300)]), seconds=20) == ''


def test_a_car_that_comes_in_parks_and_goes_out_counts_in_and_out() -> None:
    way = [(4, IN_X, -40), (10, IN_X, 380), (60, IN_X, 380), (66, IN_X, -40)]
    assert ways(a_drive(way), seconds=70) == 'io'


def test_two_gates_count_for_themselves() -> None:
    top = Gate('top', ((0.25, 0.3), (0.75, 0.3)), inside=(0.5, 0.9))
    low = Gate('low', ((0.25, 0.7), (0.75, 0.7)), inside=(0.5, 0.1))
    counts = Road(Counter(gates=[top, low])).show(20, down())
    assert [(gate.name, gate.entered, gate.left) for gate in counts[-1].gates] == [
        ('top', 1, 0),
        ('low', 0, 1),
    ]


def test_a_crossing_is_told_with_one_count_only() -> None:
    counts = Road(Counter(gates=[GATE])).show(20, down())
    assert sum(bool(count.crossings) for count in counts) == 1
