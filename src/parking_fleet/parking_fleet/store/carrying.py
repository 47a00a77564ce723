"""Sum the minutes of several cameras, each of which reports only now and then."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from parking_fleet.store.summaries import MINUTE_S
from parking_fleet.store.values import HistoryPoint


def carry_forward(
    rows: Sequence[Row[Any]], *, since_s: int, until_s: int, hold_s: float
) -> list[HistoryPoint]:
    """Return a point for each minute in which a count of a camera stands.

    Args:
        rows: summaries by the minute in the order of their time, from `hold_s` before `since_s` on.
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

    def mean(name: str) -> float | None:
        values = [getattr(row, f'{name}_sum') / row.known for row in present]
        return sum(values) + sum(getattr(row, f'last_{name}') for row in carried) if seen else None

    def extreme(name: str, which: str) -> int | None:
        values = [getattr(row, f'{name}_{which}') for row in present]
        return sum(values) + sum(getattr(row, f'last_{name}') for row in carried) if seen else None

    def last(name: str) -> int:
        return sum(getattr(row, f'last_{name}') for row in rows)

    return HistoryPoint(
        start_s=start_s,
        cars=last('cars'),
        cars_mean=mean('cars'),
        cars_least=extreme('cars', 'min'),
        cars_most=extreme('cars', 'max'),
        occupied=last('occupied'),
        free=last('free'),
        unknown=last('unknown'),
        capacity=last('capacity'),
        occupied_mean=mean('occupied'),
        occupied_most=extreme('occupied', 'max'),
        cameras=len(rows),
        known=sum(row.known for row in rows if row.start_s == start_s),
    )
