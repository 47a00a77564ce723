import pytest

from benchmarks.accuracy_parts.source import Interval
from benchmarks.accuracy_parts.truth import TruthKeeper, crossings_of, layout_of
from parking_monitor.simulation.scene import load_scene
from parking_monitor.simulation.simulator import Simulator
from parking_monitor.values import Direction
from tests.unit.benchmarks.builders import WIDTH, car, frame

HALF_OUT = WIDTH - 24.0
"""Where a car of 60 pixels has 40 % of itself in the picture."""
MOSTLY_OUT = WIDTH - 12.0
NEARLY_OUT = WIDTH - 3.0


def test_a_car_that_is_half_visible_must_be_counted() -> None:
    assert TruthKeeper().tell(frame(0.0, car(visibility=0.5))).cars == Interval(1, 1)


def test_a_car_that_was_never_half_visible_may_be_counted() -> None:
    assert TruthKeeper().tell(frame(0.0, car(visibility=0.3))).cars == Interval(0, 1)


def test_a_known_car_behind_a_truck_must_still_be_counted() -> None:
    keeper = TruthKeeper()
    keeper.tell(frame(0.0, car(visibility=1.0)))

    assert keeper.tell(frame(60.0, car(visibility=0.0))).cars == Interval(1, 1)


@pytest.mark.parametrize(
    ('x', 'expected'),
    [(HALF_OUT, Interval(1, 1)), (MOSTLY_OUT, Interval(0, 1)), (NEARLY_OUT, Interval(0, 0))],
)
def test_a_known_car_that_leaves_must_then_may_then_must_not_be_counted(x: float, expected: Interval) -> None:
    keeper = TruthKeeper()
    keeper.tell(frame(0.0, car(x=500.0)))

    assert keeper.tell(frame(1.0, car(x=x, visibility=(WIDTH - x) / 60))).cars == expected


def test_an_unknown_car_at_the_border_may_be_counted() -> None:
    assert TruthKeeper().tell(frame(0.0, car(x=HALF_OUT, visibility=0.4))).cars == Interval(0, 1)


def test_a_car_of_which_no_box_came_only_may_be_counted_as_far_as_can_be_known() -> None:
    told = TruthKeeper().tell(frame(0.0, car(1), car(2, x=300)), found={2})

    assert told.cars == Interval(2, 2)
    assert told.knowable == Interval(1, 2)


def test_a_bay_is_occupied_by_a_car_that_stands_in_it() -> None:
    keeper = TruthKeeper(['A', 'B'])

    assert keeper.tell(frame(0.0, car(bay='A'))).bays == {'A': True, 'B': False}
    assert keeper.tell(frame(1.0, car(bay='A', moving=True))).bays == {'A': False, 'B': False}


def test_of_a_bay_whose_car_nobody_ever_saw_nobody_knows() -> None:
    assert TruthKeeper(['A', 'B']).tell(frame(0.0, car(bay='A', visibility=0.2))).bays == {'B': False}


def test_crossings_and_bays_come_from_the_scene() -> None:
    simulator = Simulator(load_scene('gate_turn'))
    crossings = crossings_of(simulator, 120.0)

    directions = [crossing.direction for crossing in crossings]
    assert directions.count(Direction.IN) == 4
    assert directions.count(Direction.OUT) == 3
    assert all(crossing.is_certain for crossing in crossings)
    assert list(layout_of(simulator).gates) == ['gate']


def test_bays_that_the_edge_of_the_picture_cuts_are_not_asked_for() -> None:
    simulator = Simulator(load_scene('fog'))

    assert 0 < len(layout_of(simulator).bays) < len(simulator.bays)
