"""Points, lines and polygons of the picture are measured right."""

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from parking_monitor.counting.geometry import Point, centroid, contains, crossing_share, distance_to_line

quick = settings(max_examples=40)
numbers = st.floats(-100, 100, allow_subnormal=False).map(lambda number: round(number, 3))
points = st.tuples(numbers, numbers)
lines = st.tuples(points, points).filter(lambda line: math.dist(*line) > 0.5)
angles = st.floats(0, 2 * math.pi)


@st.composite
def convex_polygons(draw: st.DrawFn) -> list[Point]:
    """Draw corners on an ellipse, in their order, at least some degrees apart."""
    steps = draw(st.lists(st.floats(0.2, 1.0), min_size=3, max_size=8))
    x, y = draw(points)
    wide, high = draw(st.floats(1, 50)), draw(st.floats(1, 50))
    whole, angle, polygon = sum(steps), 0.0, []
    for step in steps:
        angle += 2 * math.pi * step / whole
        polygon.append((x + wide * math.cos(angle), y + high * math.sin(angle)))
    return polygon


@quick
@given(convex_polygons())
def test_the_middle_of_a_convex_polygon_lies_inside(polygon: list[Point]) -> None:
    assert contains(polygon, *centroid(polygon))


@quick
@given(convex_polygons(), points)
def test_it_does_not_matter_at_which_corner_or_in_which_direction_a_polygon_begins(
    polygon: list[Point], place: Point
) -> None:
    turned = polygon[1:] + polygon[:1]
    assert contains(turned, *place) == contains(polygon, *place)
    assert centroid(turned) == pytest.approx(centroid(polygon), abs=1e-6)
    assert centroid(polygon[::-1]) == pytest.approx(centroid(polygon), abs=1e-6)


@quick
@given(convex_polygons(), angles)
def test_a_point_beyond_all_corners_lies_outside(polygon: list[Point], angle: float) -> None:
    x, y = centroid(polygon)
    far = 1.01 * max(math.dist((x, y), corner) for corner in polygon)
    assert not contains(polygon, x + far * math.cos(angle), y + far * math.sin(angle))


@quick
@given(st.integers(0, 20), st.integers(0, 20), st.integers(1, 19))
def test_a_point_lies_in_exactly_one_of_two_polygons_that_share_an_edge(x: int, y: int, edge: int) -> None:
    left = [(0, 0), (edge, 0), (edge, 21), (0, 21)]
    right = [(edge, 0), (21, 0), (21, 21), (edge, 21)]
    assert contains(left, x, y) != contains(right, x, y)


def test_the_notch_of_a_polygon_lies_outside() -> None:
    notched = [(0, 0), (10, 0), (10, 10), (6, 10), (6, 4), (4, 4), (4, 10), (0, 10)]
    assert contains(notched, 2, 8)
    assert contains(notched, 8, 8)
    assert not contains(notched, 5, 8)


@pytest.mark.parametrize(
    ('polygon', 'middle'),
    [
        ([(0, 0), (4, 0), (4, 2), (0, 2)], (2, 1)),
        ([(0, 0), (3, 0), (0, 3)], (1, 1)),
        ([(0, 0), (2, 0), (4, 0)], (2, 0)),  # without area
    ],
)
def test_the_middle_of_a_polygon_is_its_centre_of_gravity(polygon: list[Point], middle: Point) -> None:
    assert centroid(polygon) == pytest.approx(middle)


def test_below_a_line_that_goes_to_the_right_distances_are_positive() -> None:
    line = ((0.0, 10.0), (50.0, 10.0))
    assert distance_to_line((70, 13), line) == pytest.approx(3)
    assert distance_to_line((20, 6), line) == pytest.approx(-4)


@quick
@given(points, lines)
def test_a_line_that_goes_the_other_way_has_its_sides_changed(
    place: Point, line: tuple[Point, Point]
) -> None:
    assert distance_to_line(place, line) == pytest.approx(-distance_to_line(place, line[::-1]), abs=1e-6)


@quick
@given(points, lines)
def test_no_point_of_a_line_is_nearer_than_the_distance_to_it(
    place: Point, line: tuple[Point, Point]
) -> None:
    distance = abs(distance_to_line(place, line))
    for share in (-1, 0, 0.3, 1, 2):
        x = line[0][0] + share * (line[1][0] - line[0][0])
        y = line[0][1] + share * (line[1][1] - line[0][1])
        assert distance <= math.dist(place, (x, y)) + 1e-6


@quick
@given(lines, st.floats(-2, 3), angles, st.floats(1, 50), st.floats(1, 50))
def test_a_way_through_a_point_of_a_line_crosses_it_there(
    line: tuple[Point, Point], share: float, angle: float, before: float, after: float
) -> None:
    (ax, ay), (bx, by) = line
    x, y = ax + share * (bx - ax), ay + share * (by - ay)
    along = math.atan2(by - ay, bx - ax)
    assume(abs(math.sin(angle - along)) > 0.1)
    start = (x - before * math.cos(angle), y - before * math.sin(angle))
    end = (x + after * math.cos(angle), y + after * math.sin(angle))
    assert crossing_share(start, end, line) == pytest.approx(share, abs=1e-4)
    assert crossing_share(end, start, line) == pytest.approx(share, abs=1e-4)


@quick
@given(points, points, lines)
def test_a_way_that_stays_on_one_side_crosses_nothing(
    start: Point, end: Point, line: tuple[Point, Point]
) -> None:
    same_side = (distance_to_line(start, line) > 0) == (distance_to_line(end, line) > 0)
    assert (crossing_share(start, end, line) is None) == same_side
