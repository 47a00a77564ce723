"""Say a count in words, for people to read."""

from parking_monitor.values import Count, CountState


def headline(count: Count | None, title: str) -> str:
    """Say how many cars a camera sees, and the state of the count when it is not OK."""
    if count is None:
        return f'{title}: no count yet'
    cars = f'{count.cars} car' + ('' if count.cars == 1 else 's')
    return f'{title}: {cars}' + ('' if count.state is CountState.OK else f' ({count.state.name})')


def details(count: Count | None) -> str:
    """Say how many places are free, and the totals of today; empty where there are neither."""
    if count is None:
        return ''
    parts = []
    if count.places.capacity:
        unknown = f' ({count.places.unknown} unknown)' if count.places.unknown else ''
        parts.append(f'{count.places.free} of {count.places.capacity} free{unknown}')
    if count.gates:
        parts.append(f'today {count.entered_today} in, {count.left_today} out')
    return '; '.join(parts)
