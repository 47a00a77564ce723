"""Say a count in words, for people to read."""

from parking_monitor.values import Count, CountState, Occupancy, ZoneCount


def headline(count: Count | None, title: str) -> str:
    """Say how many cars a camera sees, and the state of the count when it is not OK."""
    if count is None:
        return f'{title}: no count yet'
    return f'{title}: {_cars(count.cars)}' + (
        '' if count.state is CountState.OK else f' ({count.state.name})'
    )


def details(count: Count | None) -> str:
    """Say how many places are free, and the totals of today; empty where there are neither."""
    if count is None:
        return ''
    parts = []
    if count.places.capacity:
        parts.append(_free(count.places))
    if count.gates:
        parts.append(f'today {count.entered_today} in, {count.left_today} out')
    return '; '.join(parts)


def places_text(zone: ZoneCount) -> str:
    """Say how many cars are in a zone, and how many of its places are free where it has any."""
    places = f', {_free(zone.places)}' if zone.places.capacity else ''
    return f'{zone.name}: {_cars(zone.cars)}{places}'


def duration(seconds: float) -> str:
    """Say how long something lasted, as exactly as people do: `40 s`, `5 min`, `2 h 10 min`, `3 days`."""
    if seconds < 60:
        return f'{seconds:.0f} s'
    minutes = int(seconds // 60)
    if minutes < 60:
        return f'{minutes} min'
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f'{hours} h {minutes} min' if minutes else f'{hours} h'
    return f'{hours // 24} days'


def _cars(number: int) -> str:
    return f'{number} car' + ('' if number == 1 else 's')


def _free(places: Occupancy) -> str:
    unknown = f' ({places.unknown} unknown)' if places.unknown else ''
    return f'{places.free} of {places.capacity} free{unknown}'
