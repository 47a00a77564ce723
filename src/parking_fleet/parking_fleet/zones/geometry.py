"""Measure and divide what is drawn on a picture; points are fractions of it, from the top left corner."""

import itertools
import math
from collections.abc import Sequence

Point = tuple[float, float]
Quadrilateral = tuple[Point, Point, Point, Point]

DECIMALS = 4
"""A ten-thousandth of a picture 4,000 pixels wide is less than half a pixel."""

LEAST_DOUBLED_AREA = 1e-6
"""What encloses less, in fractions of the picture, is a line; fleet.yaml refuses it too."""


def rounded(point: Sequence[float]) -> Point:
    """Return a point as it is written: with four decimals, and no minus before a zero."""
    return round(point[0], DECIMALS) + 0.0, round(point[1], DECIMALS) + 0.0


def is_inside_picture(point: Point) -> bool:
    """Tell whether a point lies in the picture, its edge included."""
    return all(0.0 <= value <= 1.0 for value in point)


def contains(polygon: Sequence[Point], x: float, y: float) -> bool:
    """Tell whether a point lies inside a polygon, by the even-odd rule (W. R. Franklin, PNPOLY)."""
    inside = False
    before = polygon[-1]
    for corner in polygon:
        (ax, ay), (bx, by) = before, corner
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            inside = not inside
        before = corner
    return inside


def doubled_area(polygon: Sequence[Point]) -> float:
    """Return twice the area, positive when the corners go clockwise in the picture."""
    following = (*polygon[1:], polygon[0])
    return sum(ax * by - bx * ay for (ax, ay), (bx, by) in zip(polygon, following, strict=True))


def centroid(polygon: Sequence[Point]) -> Point:
    """Return the centre of gravity; the mean of the corners where there is no area.

    P. Bourke, Calculating the area and centroid of a polygon (1988).
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


def side_of(line: tuple[Point, Point], point: Point) -> float:
    """Return twice the area between a line and a point: 0 on the line, its sign tells the side."""
    (ax, ay), (bx, by) = line
    return (bx - ax) * (point[1] - ay) - (by - ay) * (point[0] - ax)


def crossing_sides(polygon: Sequence[Point]) -> tuple[int, int] | None:
    """Return two sides that cross, by the number of the corner at which each begins; None for none.

    Sides that touch do not cross.
    """
    sides = list(zip(polygon, (*polygon[1:], polygon[0]), strict=True))
    for first, second in itertools.combinations(range(len(sides)), 2):
        (a, b), (c, d) = sides[first], sides[second]
        if _are_apart((a, b), c, d) and _are_apart((c, d), a, b):
            return first, second
    return None


def _are_apart(line: tuple[Point, Point], one: Point, other: Point) -> bool:
    here, there = side_of(line, one), side_of(line, other)
    return (here > 0 > there) or (here < 0 < there)


def split_row(corners: Sequence[Point], number: int) -> list[Quadrilateral]:
    """Return the outlines of bays that are equally wide on the ground.

    The ground's perspective is that of the row itself: the projective mapping of the unit square to its
    corners (P. Heckbert, Fundamentals of Texture Mapping and Image Warping, 1989, 2.2.3).

    Args:
        corners: of the row, going around: the first two are the ends of one long side, in the
            direction in which bays are numbered.
        number: of bays, 1 or more.

    Raises:
        ValueError: when the corners do not go around a four-sided figure without a dent.
    """
    if len(corners) != 4 or not _is_convex(corners):
        raise ValueError('the corners must go around the row, one after another, without a dent or a line')
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = corners
    dx1, dy1, dx2, dy2 = x1 - x2, y1 - y2, x3 - x2, y3 - y2
    sx, sy = x0 - x1 + x2 - x3, y0 - y1 + y2 - y3
    determinant = dx1 * dy2 - dx2 * dy1
    g, h = (sx * dy2 - dx2 * sy) / determinant, (dx1 * sy - sx * dy1) / determinant

    def seen(along: float, across: float) -> Point:
        w = g * along + h * across + 1.0
        x = (x1 - x0 + g * x1) * along + (x3 - x0 + h * x3) * across + x0
        y = (y1 - y0 + g * y1) * along + (y3 - y0 + h * y3) * across + y0
        return x / w, y / w

    edges = [(seen(index / number, 0.0), seen(index / number, 1.0)) for index in range(number + 1)]
    return [(a, b, far_b, far_a) for (a, far_a), (b, far_b) in itertools.pairwise(edges)]


def _is_convex(corners: Sequence[Point]) -> bool:
    turns = set()
    for index in range(4):
        turn = side_of((corners[index], corners[(index + 1) % 4]), corners[(index + 2) % 4])
        turns.add(0 if abs(turn) < 1e-9 else math.copysign(1, turn))
    return turns in ({1}, {-1})


def complete_row(points: Sequence[Point], number: int, aspect: float) -> list[Point]:
    """Return the four corners of a row of which fewer are given.

    Two are the ends of its nearer long side: bays are then twice as deep as wide, upwards. Three are
    those ends and the corner beyond the second one: the row is a parallelogram.

    Args:
        points: two to four of them.
        number: of bays.
        aspect: width of the picture by its height.
    """
    if len(points) == 2:
        (ax, ay), (bx, by) = points
        # A right angle is one in pixels, not in fractions.
        along_x, along_y = (bx - ax) * aspect, by - ay
        across_x, across_y = (along_y, -along_x) if along_x >= 0 else (-along_y, along_x)
        depth = 2.0 / number
        dx, dy = across_x * depth / aspect, across_y * depth
        return [(ax, ay), (bx, by), (bx + dx, by + dy), (ax + dx, ay + dy)]
    if len(points) == 3:
        a, b, c = points
        return [a, b, c, (a[0] + c[0] - b[0], a[1] + c[1] - b[1])]
    return list(points)
