"""Name the MQTT topics of a thing, and check names against the rules of AWS IoT Core."""

import re
from functools import lru_cache

from parking_monitor.cloud.errors import InvalidNameError

DEFAULT_SHARED_TOPIC = 'EI_TOPIC'
"""Where the counts of every device go unless `AWS_TOPIC` says otherwise."""

# AWS IoT Core message broker and protocol limits.
MAX_TOPIC_BYTES = 256
MAX_TOPIC_SLASHES = 7

_THING_NAME = re.compile(r'[a-zA-Z0-9:_-]{1,128}')


def check_thing_name(name: str, field: str = 'cloud.thing') -> str:
    """Return the thing name when AWS IoT allows it.

    Raises:
        InvalidNameError: naming the field, the value and what is allowed.
    """
    if not _THING_NAME.fullmatch(name):
        raise InvalidNameError(
            f'{field}: thing name {name!r} is not allowed; use 1 to 128 characters of a-z, A-Z, 0-9, '
            "colon, underscore and hyphen, for example 'garage-2_north'"
        )
    return name


@lru_cache(maxsize=64)  # asked for each message sent
def check_topic(topic: str, field: str = 'topic') -> str:
    """Return the topic when a message may be published to it.

    Raises:
        InvalidNameError: naming the field, the value and what is allowed.
    """
    problem = _topic_problem(topic)
    if problem:
        raise InvalidNameError(
            f'{field}: topic {topic!r} {problem}; a topic has 1 to {MAX_TOPIC_BYTES} bytes of UTF-8, at most '
            f"{MAX_TOPIC_SLASHES} slashes, no '+', '#' or NUL, and does not begin with '$'"
        )
    return topic


def count_topic(thing: str) -> str:
    """Return the topic of a thing's own counts."""
    return f'parking/{check_thing_name(thing)}/count'


def history_topic(thing: str) -> str:
    """Return the topic of a thing's counts that waited too long to be called present."""
    return f'parking/{check_thing_name(thing)}/history'


def crossing_topic(thing: str) -> str:
    """Return the topic of single cars through a thing's gates."""
    return f'parking/{check_thing_name(thing)}/crossing'


def ros_topic(thing: str, name: str) -> str:
    """Return the topic of the messages of another ROS topic that a thing forwards.

    Args:
        thing: the device's thing name.
        name: one to five levels, for example 'north_gate/detections'.
    """
    return check_topic(f'parking/{check_thing_name(thing)}/ros/{name}')


def status_topic(thing: str) -> str:
    """Return the topic of a thing's retained presence."""
    return f'parking/{check_thing_name(thing)}/status'


def snapshot_request_topic(thing: str) -> str:
    """Return the topic on which a thing is asked for a picture."""
    return f'parking/{check_thing_name(thing)}/snapshot/request'


def snapshot_topic(thing: str, camera: str) -> str:
    """Return the topic of a thing's answers about one of its cameras."""
    return check_topic(f'parking/{check_thing_name(thing)}/snapshot/{camera}')


def shadow_topic(thing: str, request: str) -> str:
    """Return the topic of a request to the thing's classic shadow, `get` or `update`."""
    return f'$aws/things/{check_thing_name(thing)}/shadow/{request}'


def live_topics(thing: str, shared_topic: str = DEFAULT_SHARED_TOPIC) -> tuple[str, ...]:
    """Return every topic that a fresh count goes to, each once.

    Args:
        thing: the device's thing name.
        shared_topic: the topic named by `AWS_TOPIC`; empty when none is wanted.
    """
    own = count_topic(thing)
    if not shared_topic or shared_topic == own:
        return (own,)
    return check_topic(shared_topic, 'AWS_TOPIC'), own


def _topic_problem(topic: str) -> str:
    try:
        length = len(topic.encode())
    except UnicodeEncodeError:
        return 'is not valid Unicode'
    forbidden = [character for character in '+#\0' if character in topic]
    problems = {
        'is empty': not topic,
        f'has {length} bytes': length > MAX_TOPIC_BYTES,
        f'has {topic.count("/")} slashes': topic.count('/') > MAX_TOPIC_SLASHES,
        "begins with '$', which belongs to the broker": topic.startswith('$'),
        f'contains {forbidden}': bool(forbidden),
    }
    return next((problem for problem, found in problems.items() if found), '')
