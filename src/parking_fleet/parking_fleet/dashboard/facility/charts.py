"""Describe charts for ECharts; labels are made here, for a browser may be in another time zone."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from parking_fleet.dashboard import theme
from parking_fleet.dashboard.facility.spans import HourOfFlow
from parking_fleet.forecast.curves import Curve, place_in_day, quarters_of
from parking_fleet.forecast.full import Forecast
from parking_fleet.forecast.words import clock_text
from parking_fleet.store.summaries import QUARTER_S

NAMES = {
    'flow': (('bar-in', '▲ in'), ('bar-out', '▼ out')),
    'forecast': (
        ('line', 'counted'), ('dashed', 'middle day (median)'), ('band', 'middle half of the days'),
    ),
    'trend': (('area', 'occupied'), ('hatched', 'unknown'), ('dotted', 'never more than (year)')),
}  # fmt: skip
"""What is drawn how: the class of its swatch, and its name; the legend stands above the chart."""

IN, OUT = '#009E73', '#E69F00'
"""Of the same palette as the states, and none of theirs: a car that comes in is no state."""

Options = dict[str, Any]

_THREE_HOURS = 12

_HATCH = {'symbol': 'rect', 'dashArrayX': [1, 0], 'dashArrayY': [2, 4], 'rotation': -0.7, 'color': '#555555'}


@dataclass(frozen=True, slots=True)
class Course:
    """Hold how full a place was in one stretch of time; None where nothing is known."""

    name: str
    occupied: float | None
    most: float | None
    unknown: float | None


def flow_chart(hours: Sequence[HourOfFlow]) -> Options:
    """Return the cars in and out by the hour."""
    return {
        **_frame([hour.name for hour in hours], 'Cars in and out by the hour'),
        'series': [
            _bars('▲ in', [hour.entered for hour in hours], IN),
            _bars('▼ out', [hour.left for hour in hours], OUT, decal=True),
        ],
    }


def forecast_chart(told: Forecast, so_far: Curve | None, zone: ZoneInfo, capacity: int) -> Options:
    """Return the day: what was counted so far, and what is to be expected."""
    starts = quarters_of(told.day, zone)
    # The day begins at midnight, with nothing counted yet.
    ends = [starts[0], *(start_s + QUARTER_S for start_s in starts)]
    names = [clock_text(end_s, zone, told.day) for end_s in ends]
    counted: list[float | None] = [None] * len(ends)
    low: list[float | None] = [None] * len(ends)
    median, band = list(low), list(low)
    points = {point.time_s: point for point in told.points}
    now_s = None
    if told.is_anchored and told.points:
        # The present stands at the quarter of an hour that is nearest to it.
        begin = told.points[0]
        now_s = min(ends, key=lambda end_s: abs(end_s - begin.time_s))
        points[now_s] = begin
    for place, end_s in enumerate(ends):
        point = points.get(end_s)
        if point is not None:
            low[place] = _places(point.low, capacity)
            median[place] = _places(point.median, capacity)
            band[place] = round(_places(point.high, capacity) - _places(point.low, capacity), 1)
        share = so_far[place_in_day(end_s - QUARTER_S, zone)[1]] if so_far and place else None
        if end_s == now_s:
            counted[place] = median[place]
        elif share is not None and (now_s is None or end_s < now_s):
            counted[place] = _places(share, capacity)
    line = {'type': 'line', 'symbol': 'none', 'connectNulls': False}
    return {
        **_frame(names, 'Places occupied through the day', capacity, _THREE_HOURS),
        'series': [
            {
                **line,
                'name': 'counted',
                'data': counted,
                'lineStyle': {'width': 3, 'color': theme.OCCUPIED},
                'itemStyle': {'color': theme.OCCUPIED},
                'markLine': {
                    'silent': True,
                    'symbol': 'none',
                    'lineStyle': {'color': _TEXT, 'type': 'solid', 'width': 1},
                    'label': {
                        'formatter': f'full: {capacity}',
                        'position': 'insideEndBottom',
                        'color': _TEXT,
                    },
                    'data': [{'yAxis': capacity}],
                },
            },
            {
                **line,
                'name': 'least',
                'data': low,
                'stack': 'band',
                'lineStyle': {'opacity': 0},
                'tooltip': {'show': False},
            },
            {
                **line,
                'name': 'middle half of the days',
                'data': band,
                'stack': 'band',
                'lineStyle': {'opacity': 0},
                'itemStyle': {'color': theme.FREE},
                'areaStyle': {'color': theme.FREE, 'opacity': 0.4},
                'tooltip': {'show': False},
            },
            {
                **line,
                'name': 'middle day (median)',
                'data': median,
                'lineStyle': {'width': 2, 'type': 'dashed', 'color': _TEXT},
                'itemStyle': {'color': '#888888'},
            },
        ],
    }


def trend_chart(courses: Sequence[Course], *, has_most: bool, label_every: int | None = None) -> Options:
    """Return how full it was over a longer time; what was not seen stands hatched on top."""
    area = {'type': 'line', 'symbol': 'none', 'step': 'middle', 'lineStyle': {'width': 1}, 'stack': 'all'}
    series: list[Options] = [
        {
            **area,
            'name': 'occupied',
            'data': [_rounded(course.occupied) for course in courses],
            'lineStyle': {'width': 1, 'color': theme.OCCUPIED},
            'itemStyle': {'color': theme.OCCUPIED},
            'areaStyle': {'color': theme.OCCUPIED, 'opacity': 0.6},
        }
    ]
    if any(course.unknown for course in courses):
        series.append(
            {
                **area,
                'name': 'unknown',
                'data': [_rounded(course.unknown) for course in courses],
                'lineStyle': {'width': 0},
                'itemStyle': {'color': theme.UNKNOWN},
                'areaStyle': {'color': theme.UNKNOWN, 'opacity': 0.7, 'decal': _HATCH},
            }
        )
    if has_most:
        series.append(
            {
                'type': 'line',
                'symbol': 'none',
                'name': 'never more than',
                'data': [_rounded(course.most) for course in courses],
                'lineStyle': {'width': 1.5, 'type': 'dotted', 'color': _TEXT},
                'itemStyle': {'color': '#777777'},
            }
        )
    frame = _frame([course.name for course in courses], 'How full it was', label_every=label_every)
    return {**frame, 'series': series}


# SVG takes the colour of the text around it, in light and dark.
_TEXT = 'currentColor'


def _frame(
    names: list[str], description: str, most: int | None = None, label_every: int | None = None
) -> Options:
    labels: Options = {'color': _TEXT}
    line = {'lineStyle': {'color': '#888888'}}
    return {
        'animation': False,
        'aria': {'enabled': True, 'label': {'description': f'{description}; the same as a table below.'}},
        'textStyle': {'fontFamily': 'inherit'},
        'grid': {'left': 4, 'right': 16, 'top': 16, 'bottom': 4, 'containLabel': True},
        'tooltip': {'trigger': 'axis', 'confine': True},
        'xAxis': {
            'type': 'category',
            'data': names,
            'axisLabel': {
                **labels,
                'interval': 'auto' if label_every is None else label_every - 1,
                'hideOverlap': True,
            },
            'axisTick': {'show': False},
            'axisLine': line,
        },
        'yAxis': {
            'type': 'value',
            'minInterval': 1,
            'max': most,
            'splitLine': {'lineStyle': {'color': '#888888', 'opacity': 0.25}},
            'axisLabel': labels,
            'axisLine': line,
        },
    }


def _bars(name: str, data: Sequence[int], colour: str, *, decal: bool = False) -> Options:
    style: Options = {'color': colour}
    if decal:
        style['decal'] = {**_HATCH, 'color': '#00000059'}
    return {'type': 'bar', 'name': name, 'data': list(data), 'itemStyle': style, 'barGap': '5%'}


def _places(share: float, capacity: int) -> float:
    return round(share * capacity, 1)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def day_name(day: dt.date) -> str:
    """Return a date as people write it: '3 Nov 2026'."""
    return f'{day.day} {day:%b %Y}'
