"""Take from what a device reports what the fleet keeps of it: checked, for it may be anything."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, TypeGuard

_LONGEST_MODEL = 200
_LONGEST_INTERVAL_S = 86_400
# From the year 2000 to 9999, the last that a certificate can name and a date can hold.
_FIRST_MS, _LAST_MS = 946_684_800_000, 253_402_300_799_000
_COLDEST_C, _HOTTEST_C = -60, 150
_MOST_WAITING = 1_000_000_000


def facts_of(reported: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a device's `reported` state says, by the names of `DeviceRecord`.

    What cannot be is left out. Of `health` all is there or none: what it does not tell, or tells in a
    way that cannot be, is None, for what held before it holds no more.
    """
    facts: dict[str, Any] = {}
    interval_s, model, health = (reported.get(name) for name in ('interval_s', 'model', 'health'))
    if _is_number(interval_s) and 0 < interval_s <= _LONGEST_INTERVAL_S:
        facts['interval_s'] = float(interval_s)
    if isinstance(model, dict) and isinstance(model.get('name'), str):
        # PostgreSQL takes every character but this one.
        name = f'{model["name"]} {model.get("version", "")}'.replace('\0', '')
        facts['model'] = name.strip()[:_LONGEST_MODEL]
    if isinstance(health, dict):
        facts['certificate_until_ms'] = _time_ms(health.get('certificate_expires'))
        facts['temperature_c'] = _whole(health.get('temperature_c'), _COLDEST_C, _HOTTEST_C)
        facts['waiting'] = _whole(health.get('waiting'), 0, _MOST_WAITING)
    return facts


def _time_ms(told: object) -> int | None:
    """Return a date and time with its zone as Unix milliseconds."""
    if not isinstance(told, str):
        return None
    try:
        time = dt.datetime.fromisoformat(told)
    except ValueError:
        return None
    if time.tzinfo is None:
        return None
    time_ms = int(time.timestamp()) * 1000
    return time_ms if _FIRST_MS <= time_ms <= _LAST_MS else None


def _whole(told: object, least: int, most: int) -> int | None:
    """Return a number without its fraction, where it lies between these."""
    return round(told) if _is_number(told) and least <= told <= most else None


def _is_number(told: object) -> TypeGuard[int | float]:
    return isinstance(told, int | float) and not isinstance(told, bool)
