"""Know the topics of the fleet: what to subscribe to, and what to expect at each."""

from collections.abc import Sequence
from dataclasses import dataclass

from parking_fleet.messages.reading import Kind

PRESENCE_FILTER = 'parking/+/status'
"""Subscribed to by each worker for itself: a broker gives retained messages to no shared subscription."""

_OF_THINGS = {
    'count': (Kind.COUNT, True),
    'history': (Kind.COUNT, False),
    'crossing': (Kind.CROSSING, False),
    'status': (Kind.PRESENCE, False),
}


@dataclass(frozen=True, slots=True)
class Route:
    """Say what is expected at a topic.

    Attributes:
        kind: the form of its messages.
        thing: the device's name on the broker; '' at a topic that devices share.
        is_live: whether a count there was made within the last 30 s.
    """

    kind: Kind
    thing: str
    is_live: bool


def route(topic: str, shared_topics: Sequence[str]) -> Route | None:
    """Return what is expected at a topic; None when it is none of ours."""
    if topic in shared_topics:
        return Route(Kind.COUNT, '', is_live=True)
    levels = topic.split('/')
    if len(levels) != 3 or levels[0] != 'parking' or levels[2] not in _OF_THINGS:
        return None
    kind, is_live = _OF_THINGS[levels[2]]
    return Route(kind, levels[1], is_live)


def topic_filters(group: str, shared_topics: Sequence[str]) -> tuple[str, ...]:
    """Return what a worker of that group subscribes to; a worker without a group takes everything."""
    divided = (*(f'parking/+/{name}' for name in ('count', 'history', 'crossing')), *shared_topics)
    share = f'$share/{group}/' if group else ''
    return (*(f'{share}{each}' for each in divided), PRESENCE_FILTER)
