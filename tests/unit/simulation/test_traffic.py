"""Test that events and positions of cars tell one story."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from parking_monitor.simulation.layout import within
from parking_monitor.simulation.simulator import Simulator
from parking_monitor.simulation.traffic import TrafficPlan
from parking_monitor.simulation.truth import EventKind

from .builders import busy, scripted

SEEDS = st.integers(0, 10_000)


def inside(plan: TrafficPlan, time_s: float) -> int:
    return sum(-14 < state.x < 14 for _, state in plan.at(time_s))


@settings(max_examples=12)
@given(seed=SEEDS, time_s=st.floats(5, 150))
def test_entered_less_left_is_the_change_of_cars_between_the_gates(seed: int, time_s: float) -> None:
    plan = TrafficPlan(busy(), seed)
    kinds = [event.kind for event in plan.events(time_s)]
    change = kinds.count(EventKind.ENTERED) - kinds.count(EventKind.LEFT)
    assert inside(plan, time_s) == inside(plan, 0.0) + change


@settings(max_examples=12)
@given(seed=SEEDS, time_s=st.floats(0, 150))
def test_a_parked_car_stands_in_its_bay_alone(seed: int, time_s: float) -> None:
    plan = TrafficPlan(busy(), seed)
    taken = [(state.bay, state.x, state.y) for _, state in plan.at(time_s) if state.bay]
    assert len({bay for bay, _, _ in taken}) == len(taken)
    for bay, x, y in taken:
        assert within(plan.bays[bay].corners, x, y)


@settings(max_examples=4)
@given(seed=SEEDS)
def test_looking_far_ahead_does_not_change_the_past(seed: int) -> None:
    early, late = TrafficPlan(busy(), seed), TrafficPlan(busy(), seed)
    late.plan(120)
    for time_s in (1.0, 40.0, 90.0):
        assert [state for _, state in early.at(time_s)] == [state for _, state in late.at(time_s)]


@settings(max_examples=8)
@given(seed=SEEDS)
def test_cars_do_not_drive_into_one_another(seed: int) -> None:
    plan = TrafficPlan(busy(), seed)
    for time_s in np.arange(0, 120, 2.5):
        places = np.array([(state.x, state.y) for _, state in plan.at(float(time_s)) if state.moving])
        for index in range(1, len(places)):
            assert np.min(np.linalg.norm(places[:index] - places[index], axis=1)) > 3.0


def test_a_scripted_car_enters_parks_stays_and_leaves() -> None:
    simulator = Simulator(scripted({'at_s': 2, 'lane': 'lane', 'park': 'A3', 'stay_s': 20}))
    events = simulator.events(100)
    assert [event.kind.value for event in events] == [
        'arrived', 'entered', 'parked', 'left_bay', 'left', 'departed',
    ]  # fmt: skip
    assert [event.bay for event in events if event.bay] == ['A3', 'A3']
    assert [event.gate for event in events if event.gate] == ['west', 'east']
    parked, left = events[2].time_s, events[3].time_s
    assert left - parked == 20
    (car,) = simulator.truth(parked + 1).cars
    assert (car.bay, car.moving, car.speed) == ('A3', False, 0.0)
    assert simulator.truth(left - 0.5).cars[0].box == car.box
    assert simulator.truth(left + 4).cars[0].bay is None


def test_a_car_waits_behind_one_that_stands_on_the_lane() -> None:
    simulator = Simulator(
        scripted(
            {'at_s': 0, 'lane': 'lane', 'pauses': [{'at_m': 30, 'for_s': 25}]},
            {'at_s': 6, 'lane': 'lane'},
        )
    )
    first, second = simulator.truth(22).cars
    assert not first.moving
    assert not second.moving
    assert second.full_box.centre[0] < first.full_box.centre[0]
    assert first.box.overlap(second.box) < 0.1
