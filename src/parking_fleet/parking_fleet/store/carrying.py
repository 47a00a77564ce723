"""Sum the minutes of several cameras, each of which reports only now and then."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Row

from parking_fleet.store.summaries import MINUTE_S
from parking_fleet.store.values import HistoryPoint

Part = Callable[[Row[Any]], float]
"""Says what part of a camera's number counts."""


def carry_forward(
    rows: Sequence[Row[Any]], *, since_s: int, until_s: int, hold_s: float
) -> list[HistoryPoint]:
    """Return a point for each minute in which a count of a camera stands.

    Args:
        rows: summaries by the minute in the order of their time, from `hold_s` before `since_s` on, with the
            `share` of the camera.
        since_s: the first minute begins here or later.
        until_s: the last one begins before.
        hold_s: for how long a count stands when no newer one comes.
    """
    by_minute: dict[int, list[Row[Any]]] = {}
    for row in rows:
        by_minute.setdefault(row.start_s, []).append(row)
    if not by_minute:
        return []
    standing: dict[int, Row[Any]] = {}
    points = []
    first_s = min(by_minute)
    last_s = min(until_s - 1, int(max(by_minute) + hold_s)) // MINUTE_S * MINUTE_S
    for start_s in range(first_s, last_s + 1, MINUTE_S):
        standing.update({row.camera_id: row for row in by_minute.get(start_s, ())})
        standing = {camera: row for camera, row in standing.items() if row.last_ms / 1000 + hold_s > start_s}
        if standing and start_s >= since_s:
            points.append(_sum(start_s, list(standing.values())))
    return points


def _sum(start_s: int, rows: list[Row[Any]]) -> HistoryPoint:
    present = [row for row in rows if row.start_s == start_s and row.known]
    carried = [row for row in rows if row.start_s != start_s]
    seen = bool(present or carried)

    def mean(name: str, part: Part) -> float | None:
        values = [part(row) * getattr(row, f'{name}_sum') / row.known for row in present]
        return (
            sum(values) + sum(part(row) * getattr(row, f'last_{name}') for row in carried) if seen else None
        )

    def extreme(name: str, which: str, part: Part) -> int | None:
        values = [part(row) * getattr(row, f'{name}_{which}') for row in present]
        held = [part(row) * getattr(row, f'last_{name}') for row in carried]
        return round(sum(values) + sum(held)) if seen else None

    def last(name: str, part: Part) -> float:
        return sum((part(row) * getattr(row, f'last_{name}') for row in rows), 0.0)

    return HistoryPoint(
        start_s=start_s,
        cars=round(last('cars', _whole)),
        cars_mean=mean('cars', _whole),
        cars_least=extreme('cars', 'min', _whole),
        cars_most=extreme('cars', 'max', _whole),
        **places_that_add_up(*(last(name, _share) for name in ('occupied', 'free', 'capacity'))),
        occupied_mean=mean('occupied', _share),
        occupied_most=extreme('occupied', 'max', _share),
        cameras=len(rows),
        known=sum(row.known for row in rows if row.start_s == start_s),
    )


def places_that_add_up(occupied: float, free: float, capacity: float) -> dict[str, int]:
    """Return whole numbers of places that are occupied, free, unknown, and all together."""
    full, empty = round(occupied), round(free)
    every = max(round(capacity), full + empty)
    return {'occupied': full, 'free': empty, 'unknown': every - full - empty, 'capacity': every}


def _whole(_: Row[Any]) -> float:
    return 1.0


def _share(row: Row[Any]) -> float:
    part: float = row.share
    return part
