"""Read what is asked for: the place, the time, the step and the form of the answer."""

import csv
import datetime as dt
import io
from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import HTTPException, Query, Response, status
from pydantic import AwareDatetime, BaseModel

from parking_fleet.live.fleet import Fleet, now_ms
from parking_fleet.store.reader import Place, Span
from parking_fleet.store.values import Step

DEFAULT_SPAN = dt.timedelta(days=1)
LONGEST: dict[Step, dt.timedelta] = {
    'minute': dt.timedelta(days=8),
    'quarter': dt.timedelta(days=400),
    'day': dt.timedelta(days=36_500),
}
"""The longest time that one answer may hold in steps of that length."""

Form = Literal['json', 'csv']
StepName = Literal['auto', 'minute', 'quarter', 'day']

Since = Annotated[AwareDatetime | None, Query(description='From then on; a day before `until` unless given.')]
Until = Annotated[AwareDatetime | None, Query(description='Up to then; now unless given.')]
FacilityId = Annotated[str | None, Query(description='Id of a facility, as /facilities tells it.')]
FormName = Annotated[Form, Query(alias='format', description='csv comes as a file.')]


def span_of(since: dt.datetime | None, until: dt.datetime | None) -> Span:
    """Return the time that is asked for.

    Raises:
        HTTPException: 422 when it ends before it begins.
    """
    until_ms = now_ms() if until is None else _ms(until)
    since_ms = until_ms - int(DEFAULT_SPAN.total_seconds() * 1000) if since is None else _ms(since)
    if since_ms >= until_ms:
        raise HTTPException(status.HTTP_422_UNPROCESSABLE_CONTENT, 'since must be before until')
    return Span(since_ms=since_ms, until_ms=until_ms)


def step_of(name: StepName, span: Span) -> Step:
    """Return the step; `auto` is the finest one that gives a readable number of points.

    Raises:
        HTTPException: 422 when the time is too long for the step.
    """
    length = dt.timedelta(milliseconds=span.until_ms - span.since_ms)
    if name == 'auto':
        if length <= dt.timedelta(days=1):
            return 'minute'
        return 'quarter' if length <= dt.timedelta(days=32) else 'day'
    if length > LONGEST[name]:
        raise HTTPException(
            status.HTTP_422_UNPROCESSABLE_CONTENT,
            f'steps of a {name} are for {LONGEST[name].days} days at most; ask for less time or longer steps',
        )
    return name


def place_of(
    fleet: Fleet,
    facility: str | None,
    *,
    floor: str | None = None,
    uuid: str | None = None,
    camera: str | None = None,
) -> Place:
    """Return the place that is asked for.

    Raises:
        HTTPException: 404 when there is no such facility.
    """
    name = None
    if facility is not None:
        name = fleet.facility_name(facility)
        if name is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND, f'no facility has the id {facility!r}')
    return Place(facility=name, floor=floor, uuid=uuid, camera=camera)


def as_csv(answers: Sequence[BaseModel], columns: Sequence[str], name: str) -> Response:
    """Return answers as a file that spreadsheets open; texts that they would run are made harmless."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(columns)
    for answer in answers:
        row = answer.model_dump()
        table.writerow([_harmless(row[column]) for column in columns])
    return Response(
        text.getvalue(),
        media_type='text/csv; charset=utf-8',
        headers={'Content-Disposition': f'attachment; filename="{name}.csv"'},
    )


def _harmless(value: object) -> object:
    # A name that begins like a formula would be run by the spreadsheet.
    if isinstance(value, str) and value[:1] in ('=', '+', '-', '@', '\t', '\r'):
        return f"'{value}"
    return '' if value is None else value


def _ms(moment: dt.datetime) -> int:
    return int(moment.timestamp() * 1000)
