"""Build small scenes for tests."""

from typing import Any

from parking_monitor.simulation.scene import Scene, parse_scene

BAY_ROW = {'name': 'A', 'origin': [-10, 6], 'direction_deg': 0, 'count': 8, 'angle_deg': 90, 'lane': 'lane'}
LANE = {'name': 'lane', 'points': [[-30, 3], [30, 3]], 'speed': 5}
GATES = [
    {'name': 'west', 'start': [-14, 0], 'end': [-14, 6]},
    {'name': 'east', 'start': [14, 6], 'end': [14, 0]},
]


def scene_with(**parts: Any) -> Scene:
    """Return a scene of one lane with a row of bays, its parts replaced by those given."""
    content: dict[str, Any] = {
        'name': 'test',
        'description': 'A test.',
        'camera': {'y': -14, 'height': 8, 'tilt_deg': 28, 'fov_deg': 75},
        'lanes': [LANE],
        'bays': [BAY_ROW],
        'gates': GATES,
    }
    return parse_scene({**content, **parts}, 'test.yaml')


def scripted(*cars: dict[str, Any], **parts: Any) -> Scene:
    """Return a scene with scripted cars."""
    return scene_with(traffic={'script': list(cars)}, **parts)


def busy(**parts: Any) -> Scene:
    """Return a scene with cars that come, park and leave by chance."""
    rate = {'cars_per_hour': 400, 'lanes': ['lane'], 'park_share': 0.7, 'stay_min_s': 10, 'stay_mean_s': 40}
    return scene_with(traffic={'rate': {**rate, 'full_at_start': 0.3}}, **parts)
