"""Measure points, lines and polygons of the picture."""

import itertools
import math
from collections.abc import Sequence

Point = tuple[float, float]


def contains(polygon: Sequence[Point], x: float, y: float) -> bool:
    """Tell whether a point lies inside a polygon.

    Even-odd rule over the edges (W. R. Franklin, PNPOLY): each point of the
    plane lies in exactly one of two polygons that share an edge.
    """
    inside = False
    before = polygon[-1]
    for corner in polygon:
        (ax, ay), (bx, by) = before, corner
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            inside = not inside
        before = corner
    return inside


def centroid(polygon: Sequence[Point]) -> Point:
    """Return the centre of gravity of a polygon that does not cross itself.

    P. Bourke, Calculating the area and centroid of a polygon (1988). A polygon without
    area gives the mean of its corners.
    """
    doubled = sum_x = sum_y = 0.0
    before = polygon[-1]
    for corner in polygon:
        (ax, ay), (bx, by) = before, corner
        cross = ax * by - bx * ay
        doubled += cross
        sum_x += (ax + bx) * cross
        sum_y += (ay + by) * cross
        before = corner
    if abs(doubled) < 1e-12:
        return sum(x for x, _ in polygon) / len(polygon), sum(y for _, y in polygon) / len(polygon)
    return sum_x / (3 * doubled), sum_y / (3 * doubled)


def distance_to_line(place: Point, line: tuple[Point, Point]) -> float:
    """Return how far a place is from an endless line: positive on the right of its direction.

    With y down, as in pictures, the right of a line that goes to the right is below it.
    """
    (ax, ay), (bx, by) = line
    length = math.hypot(bx - ax, by - ay)
    return ((bx - ax) * (place[1] - ay) - (by - ay) * (place[0] - ax)) / length


def crossing_share(start: Point, end: Point, line: tuple[Point, Point]) -> float | None:
    """Return where a way crosses a line: 0 at the line's beginning, 1 at its end, beyond outside of it.

    None when the way does not cross the endless line.
    """
    before, after = distance_to_line(start, line), distance_to_line(end, line)
    if (before > 0) == (after > 0):
        return None
    share = before / (before - after)
    x = start[0] + share * (end[0] - start[0])
    y = start[1] + share * (end[1] - start[1])
    (ax, ay), (bx, by) = line
    return ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2)


def crossing_sides(polygon: Sequence[Point]) -> tuple[int, int] | None:
    """Return two sides of a polygon that cross, by the number of the corner at which each begins.

    None when there are no such sides; those that touch do not cross.
    """
    sides = list(zip(polygon, (*polygon[1:], polygon[0]), strict=True))
    for first, second in itertools.combinations(range(len(sides)), 2):
        if _are_apart(sides[first], sides[second]) and _are_apart(sides[second], sides[first]):
            return first, second
    return None


def _are_apart(line: tuple[Point, Point], others: tuple[Point, Point]) -> bool:
    """Tell whether two points lie on different sides of an endless line."""
    (ax, ay), (bx, by) = line
    here, there = ((bx - ax) * (y - ay) - (by - ay) * (x - ax) for x, y in others)
    return (here > 0 > there) or (here < 0 < there)
