"""Test perspective, visibility and the areas that a scene offers."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parking_monitor.simulation.occlusion import Outline, measure
from parking_monitor.simulation.projection import Projection, rotation_of
from parking_monitor.simulation.scene import load_scene
from parking_monitor.simulation.simulator import Simulator

from .builders import BAY_ROW, scripted


def placed(x: float, y: float, heading: float = 0.0) -> dict[str, Any]:
    return {'place': [x, y, heading], 'body': 'saloon', 'colour': 'white'}


def square(left: float, top: float, side: float, *, is_car: bool = True) -> Outline:
    corners = [(left, top), (left + side, top), (left + side, top + side), (left, top + side)]
    return Outline(np.array(corners, dtype=np.float64), is_car, 320, 240)


def test_a_car_nearer_to_the_camera_is_larger() -> None:
    near, middle, far = Simulator(scripted(placed(0, -4), placed(0, 4), placed(0, 14))).truth(0).cars
    assert near.box.area > middle.box.area > far.box.area
    assert near.box.bottom > middle.box.bottom > far.box.bottom


def test_a_car_straight_below_has_the_size_that_optics_give_it() -> None:
    camera = {'height': 20, 'tilt_deg': 90, 'fov_deg': 60}
    (car,) = Simulator(scripted(placed(0, 0), camera=camera)).truth(0).cars
    focal = 320 / math.tan(math.radians(30))
    # Its length is 4.7 m, give or take 5 %, seen between its roof and the ground.
    assert focal * 4.7 * 0.95 / 20 <= car.box.width <= focal * 4.7 * 1.05 / (20 - 1.5)


@settings(max_examples=40)
@given(
    pan=st.floats(-180, 180),
    tilt=st.floats(10, 90),
    distortion=st.floats(-0.1, 0.05),
    column=st.floats(0.1, 0.9),
    row=st.floats(0.55, 0.95),
)
def test_pixels_look_at_the_ground_that_projects_to_them(
    pan: float, tilt: float, distortion: float, column: float, row: float
) -> None:
    view = Projection(320, 240, 260.0, np.array([3.0, -2.0, 7.0]), rotation_of(pan, tilt), distortion)
    x, y = int(column * 320), int(row * 240)
    ray = view.rays()[y, x].astype(np.float64)
    pixel, depth = view.project(view.position + ray * (7.0 / -ray[2]))
    assert depth > 0
    assert np.allclose(pixel, (x + 0.5, y + 0.5), atol=0.2)


def test_visibility_falls_for_the_four_bays_behind_the_truck_and_comes_back() -> None:
    simulator = Simulator(load_scene('delivery_truck'))
    before, during, after = (
        {car.bay: car.visibility for car in simulator.truth(time_s).cars} for time_s in (50, 100, 340)
    )
    for bay in ('A3', 'A4', 'A5', 'A6'):
        assert before[bay] > 0.95
        assert during[bay] < 0.15
    assert during['A1'] > 0.8
    assert after['A4'] > 0.95


def test_a_car_behind_another_is_seen_in_part() -> None:
    camera = {'y': -12, 'height': 3, 'tilt_deg': 12}
    front, back = Simulator(scripted(placed(0, 0), placed(0.5, 4), camera=camera)).truth(0).cars
    assert front.visibility == 1.0
    assert 0.05 < back.visibility < 0.7
    assert back.box.bottom < back.full_box.bottom - 2


def test_a_car_half_outside_of_the_picture_is_half_visible() -> None:
    seen = measure([square(-20, 50, 40)], 320, 240)[0]
    assert seen is not None
    assert seen.share == pytest.approx(0.5, abs=0.04)
    assert (seen.box.x, seen.box.width) == (0, 20)
    assert (seen.full_box.x, seen.full_box.width) == (-20, 40)


@settings(max_examples=50)
@given(offset=st.integers(0, 40), side=st.integers(8, 60))
def test_the_hidden_share_is_the_overlap_of_the_outlines(offset: int, side: int) -> None:
    back, front = measure([square(100, 60, side), square(100 + offset, 60, side, is_car=False)], 320, 240)
    assert front is None
    assert back is not None
    assert back.share == pytest.approx(min(1.0, offset / side), abs=2.5 / side)


def test_what_cannot_be_seen_has_no_size() -> None:
    seen, _ = measure([square(100, 100, 30), square(90, 90, 60, is_car=False)], 320, 240)
    assert seen is not None
    assert (seen.share, seen.box.area) == (0.0, 0.0)
    assert measure([square(400, 100, 30)], 320, 240) == [None]


def test_fog_hides_cars_for_a_while() -> None:
    simulator = Simulator(load_scene('fog'))
    clear, thick = simulator.truth(5), simulator.truth(150)
    assert max(car.visibility for car in clear.cars) > 0.95
    assert max(car.visibility for car in thick.cars) < 0.3


def test_bays_gates_and_zones_lie_in_the_picture() -> None:
    zone = {'name': 'row', 'polygon': [[-10, 6], [60, 6], [60, 11], [-10, 11]]}
    simulator = Simulator(scripted(placed(0, 0), zones=[zone], bays=[{**BAY_ROW, 'count': 30}]))
    assert 8 < len(simulator.bays) < 30
    for area in (*simulator.bays.values(), *simulator.zones.values(), *simulator.gates.values()):
        assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in area)
    assert simulator.gates.keys() == {'west', 'east'}
    west, inside = simulator.gates['west'], simulator.gate_insides['west']
    assert inside[0] > (west[0][0] + west[1][0]) / 2


def test_the_zone_of_a_car_is_where_it_stands() -> None:
    zone = {'name': 'front', 'polygon': [[-5, -5], [5, -5], [5, 5], [-5, 5]]}
    cars = Simulator(scripted(placed(0, 0), placed(8, 0), zones=[zone])).truth(0).cars
    assert [car.zone for car in cars] == ['front', None]
