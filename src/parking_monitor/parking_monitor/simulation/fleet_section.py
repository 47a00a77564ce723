"""Say where to count in a scene, in the words of fleet.yaml."""

import yaml

from parking_monitor.simulation.simulator import Fractions, Simulator

_DIGITS = 4
# Whatever is cut off by the edge of the picture has a corner on it.
_EDGE = 1e-3


def places(simulator: Simulator) -> dict[str, list[dict[str, object]]]:
    """Return the zones, bays and gates of a scene as a camera's section has them.

    Bays that the edge of the picture cuts off are left out: nobody can tell what stands in them.
    """
    bays = {name: polygon for name, polygon in simulator.bays.items() if _is_whole(polygon)}
    insides = simulator.gate_insides
    return {
        'zones': [_area(name, polygon) for name, polygon in simulator.zones.items()],
        'bays': [_area(name, polygon) for name, polygon in bays.items()],
        'gates': [
            {'name': name, 'line': _rounded(line), 'inside': _rounded((insides[name],))[0]}
            for name, line in simulator.gates.items()
        ],
    }


def camera_section(simulator: Simulator, name: str, source: str) -> str:
    """Return the section of a camera that watches a scene, as YAML to put below `cameras:`.

    Args:
        simulator: of the scene.
        name: of the camera, a ROS name.
        source: as in fleet.yaml, for example sim:day_lane.
    """
    lines = [
        f'  - name: {name}',
        f'    source: {source}',
        f'    width: {simulator.width}',
        f'    height: {simulator.height}',
        f'    rate_hz: {simulator.rate_hz:g}',
    ]
    for kind, items in places(simulator).items():
        if items:
            lines.append(f'    {kind}:')
            lines += [f'      - {_one_line(item)}' for item in items]
    return '\n'.join(lines) + '\n'


def _one_line(item: object) -> str:
    return yaml.safe_dump(item, default_flow_style=True, sort_keys=False, width=10_000).strip()


def _area(name: str, polygon: Fractions) -> dict[str, object]:
    return {'name': name, 'polygon': _rounded(polygon)}


def _rounded(points: Fractions) -> list[list[float]]:
    return [[round(x, _DIGITS), round(y, _DIGITS)] for x, y in points]


def _is_whole(polygon: Fractions) -> bool:
    return all(_EDGE < value < 1 - _EDGE for point in polygon for value in point)
