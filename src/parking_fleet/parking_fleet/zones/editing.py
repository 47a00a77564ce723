"""Do what the person in front of the picture asks for; a browser's words are checked here."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from parking_fleet.zones.drawing import MOST, MOST_CAPACITY, MOST_POINTS, Drawing, DrawingError, Kind
from parking_fleet.zones.history import History

_Fraction = Annotated[float, Field(allow_inf_nan=False)]
_Points = Annotated[list[tuple[_Fraction, _Fraction]], Field(max_length=MOST_POINTS)]


class _Edit(BaseModel):
    model_config = ConfigDict(extra='ignore', frozen=True)


class _Add(_Edit):
    do: Literal['add']
    kind: Kind
    points: _Points


class _AddRow(_Edit):
    do: Literal['row']
    points: Annotated[_Points, Field(min_length=2, max_length=4)]
    number: Annotated[int, Field(ge=1, le=MOST['bay'])]
    pattern: Annotated[str, Field(max_length=100)]
    first: Annotated[int, Field(ge=0, le=100_000)] = 1
    aspect: Annotated[float, Field(gt=0.01, lt=100)] = 1.0


class _Put(_Edit):
    do: Literal['points']
    id: int
    points: _Points
    step: Annotated[str, Field(max_length=100)] | None = None


class _Flip(_Edit):
    do: Literal['flip']
    id: int


class _Rename(_Edit):
    do: Literal['rename']
    id: int
    name: Annotated[str, Field(max_length=1000)]


class _SetCapacity(_Edit):
    do: Literal['capacity']
    id: int
    capacity: Annotated[int, Field(ge=0, le=MOST_CAPACITY)]


class _Remove(_Edit):
    do: Literal['remove']
    id: int


class _GoTo(_Edit):
    do: Literal['undo', 'redo']


_AnyEdit = Annotated[
    _Add | _AddRow | _Put | _Flip | _Rename | _SetCapacity | _Remove | _GoTo, Field(discriminator='do')
]
_EDIT: TypeAdapter[_AnyEdit] = TypeAdapter(_AnyEdit)


def edit(history: History, asked: Mapping[str, Any]) -> None:
    """Do one thing to the drawing.

    Args:
        history: holds the drawing.
        asked: as the browser says it: `do`, and what goes with it.

    Raises:
        DrawingError: when it cannot be done; nothing has changed then.
    """
    try:
        wanted = _EDIT.validate_python(dict(asked))
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = str(details['loc'][-1]) if details['loc'] else 'edit'
        raise DrawingError(f'{field}: {details["msg"]}') from None
    match wanted:
        case _GoTo(do='undo'):
            history.undo()
        case _GoTo():
            history.redo()
        case _Put():
            drawing = history.present.with_points(wanted.id, _within(wanted.points))
            history.put(drawing, (wanted.id, wanted.step) if wanted.step else None)
        case _:
            history.put(_changed(history.present, wanted))


def _changed(drawing: Drawing, wanted: _AnyEdit) -> Drawing:
    match wanted:
        case _Add():
            drawing = drawing.add(wanted.kind, _within(wanted.points))
        case _AddRow():
            pattern = wanted.pattern.strip() or 'Bay #'
            points = _within(wanted.points)
            drawing = drawing.add_row(points, wanted.number, pattern, wanted.first, wanted.aspect)
        case _Flip():
            drawing = drawing.flipped(wanted.id)
        case _Rename():
            drawing = drawing.renamed(wanted.id, wanted.name)
        case _SetCapacity():
            drawing = drawing.with_capacity(wanted.id, wanted.capacity)
        case _Remove():
            drawing = drawing.without([wanted.id])
    return drawing


def _within(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return points moved into the picture, for a hand slips over its edge."""
    return [(min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)) for x, y in points]
