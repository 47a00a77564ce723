"""Choose bodies and paints of cars as one meets them on the road, and read colours."""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np

from parking_monitor.simulation.scene import BodyName

Name = TypeVar('Name', bound=str)

PAINTS: dict[str, tuple[float, float, float]] = {
    # Linear BGR reflectance.
    'white': (0.57, 0.59, 0.60),
    'black': (0.013, 0.012, 0.012),
    'silver': (0.36, 0.35, 0.34),
    'grey': (0.11, 0.105, 0.10),
    'anthracite': (0.04, 0.036, 0.034),
    'blue': (0.20, 0.055, 0.022),
    'navy': (0.075, 0.022, 0.012),
    'red': (0.025, 0.018, 0.33),
    'wine': (0.016, 0.010, 0.11),
    'teal': (0.27, 0.27, 0.09),
    'lightblue': (0.52, 0.46, 0.34),
    'green': (0.05, 0.11, 0.035),
    'beige': (0.26, 0.38, 0.44),
    'brown': (0.03, 0.05, 0.09),
    'orange': (0.02, 0.17, 0.60),
    'yellow': (0.03, 0.48, 0.66),
}
# Shares of new cars by colour and by body, rounded from what is common on European and American roads.
_PAINT_SHARES = {
    'white': 0.24, 'black': 0.16, 'silver': 0.15, 'grey': 0.10, 'anthracite': 0.07, 'blue': 0.06,
    'navy': 0.04, 'red': 0.06,
    'wine': 0.02, 'teal': 0.015, 'lightblue': 0.02, 'green': 0.02, 'beige': 0.02, 'brown': 0.015,
    'orange': 0.007, 'yellow': 0.003,
}  # fmt: skip
_BODY_SHARES: dict[BodyName, float] = {
    'city': 0.12, 'hatchback': 0.24, 'saloon': 0.20, 'estate': 0.09, 'suv': 0.19, 'coupe': 0.03,
    'minivan': 0.05, 'van': 0.04, 'pickup': 0.04,
}  # fmt: skip


def _chosen(shares: Mapping[Name, float], random: np.random.Generator) -> Name:
    edges = np.cumsum(list(shares.values()))
    index = int(np.searchsorted(edges, random.random() * edges[-1]))
    return list(shares)[min(index, len(shares) - 1)]


def random_paint(random: np.random.Generator) -> str:
    """Return a paint by its share on the road."""
    return _chosen(_PAINT_SHARES, random)


def random_body(random: np.random.Generator) -> BodyName:
    """Return a body by its share on the road."""
    body: BodyName = _chosen(_BODY_SHARES, random)
    return body


def colour_of(name: str, fallback: str = 'grey') -> tuple[float, float, float]:
    """Return linear BGR of a paint's name or of #rrggbb; of the fallback where the name is unknown."""
    if name.startswith('#'):
        red, green, blue = (int(name[i : i + 2], 16) / 255 for i in (1, 3, 5))
        return blue**2.2, green**2.2, red**2.2
    return PAINTS.get(name, PAINTS[fallback])
