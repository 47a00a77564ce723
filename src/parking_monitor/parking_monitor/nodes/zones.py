"""Read the zones that graph.py writes into parameters."""

import json

from parking_monitor.counting.zones import Zone

ZONES_DESCRIPTION = 'Zones, each as JSON: name, polygon in fractions of the image, capacity'


def to_zone(text: str) -> Zone:
    """Read a zone from JSON: name, polygon in fractions of the image, capacity.

    Raises:
        ValueError: when it is not such JSON.
    """
    try:
        content = json.loads(text)
        polygon = tuple((float(x), float(y)) for x, y in content['polygon'])
        return Zone(str(content['name']), polygon, int(content.get('capacity', 0)))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f'zones: {text!r} is not a zone such as {{"name": "a", "polygon": [[0, 0], [1, 0], [1, 1]]}}'
        ) from error
