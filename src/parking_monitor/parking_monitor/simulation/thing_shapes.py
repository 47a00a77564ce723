"""Build meshes of things that are not cars: boxes, posts, bins, walls, buildings, lorries."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from parking_monitor.simulation.car_shapes import Material, Mesh, mesh_of
from parking_monitor.simulation.projection import Floats

_PIECE_M = 3.0
_SIZES: dict[str, tuple[float, float, float]] = {
    'bin': (0.7, 0.6, 1.15), 'pole': (0.16, 0.16, 7.0), 'pillar': (0.55, 0.55, 3.2), 'wall': (6.0, 0.3, 1.2),
    'building': (12.0, 8.0, 7.0), 'truck': (7.6, 2.45, 3.3), 'kerb': (6.0, 0.3, 0.15),
    'tree': (3.6, 3.6, 5.5), 'bush': (1.3, 1.3, 1.1), 'planter': (3.0, 1.6, 0.4),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Piece:
    """Hold a part of a long thing that is drawn by itself: its mesh, and its middle along the thing."""

    mesh: Mesh
    along_m: float


def size_of(kind: str, size: tuple[float, float, float] | None) -> tuple[float, float, float]:
    """Return length, width and height of a thing, the usual ones where none are given."""
    return size or _SIZES[kind]


def box_faces(low: tuple[float, float, float], high: tuple[float, float, float]) -> Floats:
    """Return the four sides and the top of a box between two corners, (5, 4, 3), outward."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    return np.array(
        [
            [(x1, y0, z0), (x1, y1, z0), (x1, y1, z1), (x1, y0, z1)],
            [(x0, y1, z0), (x0, y0, z0), (x0, y0, z1), (x0, y1, z1)],
            [(x1, y1, z0), (x0, y1, z0), (x0, y1, z1), (x1, y1, z1)],
            [(x0, y0, z0), (x1, y0, z0), (x1, y0, z1), (x0, y0, z1)],
            [(x0, y0, z1), (x1, y0, z1), (x1, y1, z1), (x0, y1, z1)],
        ],
        dtype=np.float64,
    )


class _Builder:
    """Collect faces and make a mesh of them."""

    def __init__(self) -> None:
        self._faces: list[Floats] = []
        self._materials: list[Material] = []
        self._layers: list[int] = []

    def add(self, faces: Floats, material: Material, layer: int = 1) -> None:
        """Add faces (n, 4, 3) of one material."""
        self._faces.append(faces)
        self._materials += [material] * len(faces)
        self._layers += [layer] * len(faces)

    def box(
        self,
        low: tuple[float, float, float],
        high: tuple[float, float, float],
        material: Material,
        layer: int = 1,
    ) -> None:
        """Add a box."""
        self.add(box_faces(low, high), material, layer)

    def mesh(self) -> Mesh:
        """Return what was collected."""
        faces = np.concatenate(self._faces)
        return mesh_of(faces, self._materials, self._layers, np.unique(faces.reshape(-1, 3), axis=0))


@lru_cache(maxsize=256)
def pieces_of(kind: str, size: tuple[float, float, float]) -> tuple[Piece, ...]:
    """Return a thing in pieces short enough to be sorted by their distance."""
    length, width, height = size
    if kind == 'truck':
        return _truck(length, width, height)
    if kind in {'bin', 'pole', 'pillar'}:
        return (Piece(_post(kind, length, width, height), 0.0),)
    count = max(1, math.ceil(length / _PIECE_M))
    step = length / count
    return tuple(
        Piece(_block(kind, step, width, height), (number + 0.5) * step - length / 2)
        for number in range(count)
    )


def _post(kind: str, length: float, width: float, height: float) -> Mesh:
    builder = _Builder()
    if kind == 'pillar':
        builder.box((-length / 2, -width / 2, 0), (length / 2, width / 2, height), Material.PAINT)
        return builder.mesh()
    builder.add(_prism(length / 2, width / 2, 0.0, height * (0.86 if kind == 'bin' else 1.0)), Material.PAINT)
    if kind == 'bin':
        builder.add(_prism(length / 2 * 1.06, width / 2 * 1.06, height * 0.86, height), Material.TRIM, 2)
    return builder.mesh()


def _prism(half_x: float, half_y: float, low: float, high: float, sides: int = 10) -> Floats:
    """Return an upright elliptical prism, sides and top."""
    angle = np.linspace(0, 2 * np.pi, sides + 1)
    x, y = half_x * np.cos(angle), half_y * np.sin(angle)
    faces = [
        [(x[i], y[i], low), (x[i + 1], y[i + 1], low), (x[i + 1], y[i + 1], high), (x[i], y[i], high)]
        for i in range(sides)
    ]
    faces += [
        [(0, 0, high), (x[i], y[i], high), (x[i + 1], y[i + 1], high), (x[i + 2], y[i + 2], high)]
        for i in range(0, sides, 2)
    ]
    return np.array(faces, dtype=np.float64)


def _block(kind: str, length: float, width: float, height: float) -> Mesh:
    builder = _Builder()
    builder.box((-length / 2, -width / 2, 0), (length / 2, width / 2, height), Material.PAINT)
    if kind == 'building':
        for floor in range(int(height // 3)):
            low = floor * 3.0 + 0.9
            window = box_faces(
                (-length * 0.28, -width / 2 - 0.02, low), (length * 0.28, width / 2 + 0.02, low + 1.4)
            )
            builder.add(window[2:4], Material.GLASS, 2)
    return builder.mesh()


def _truck(length: float, width: float, height: float) -> tuple[Piece, ...]:
    """Return a delivery lorry: a box body in pieces, and a cab in front (+x)."""
    cab = min(1.9, length * 0.28)
    body = length - cab - 0.1
    count = max(1, math.ceil(body / 2.6))
    step = body / count
    pieces = []
    for number in range(count):
        builder = _Builder()
        builder.box((-step / 2, -width / 2, 0.85), (step / 2, width / 2, height), Material.PAINT)
        builder.box(
            (-step / 2, -width / 2 + 0.15, 0.45), (step / 2, width / 2 - 0.15, 0.85), Material.TRIM, 0
        )
        stripe = box_faces((-step / 2, -width / 2 - 0.01, 1.7), (step / 2, width / 2 + 0.01, 2.2))
        builder.add(stripe[2:4], Material.SECOND, 2)
        if number in {0, count - 1}:
            _axle(builder, 0.0, width, 0.48)
        pieces.append(Piece(builder.mesh(), -length / 2 + (number + 0.5) * step))
    builder = _Builder()
    builder.box((-cab / 2, -width / 2 + 0.1, 0.5), (cab / 2, width / 2 - 0.1, height * 0.76), Material.SECOND)
    glass = box_faces((-cab / 2 + 0.3, -width / 2 + 0.09, 1.45), (cab / 2 + 0.01, width / 2 - 0.09, 2.2))
    builder.add(glass[[0, 2, 3]], Material.GLASS, 2)
    builder.box(
        (cab / 2, -width / 2 + 0.2, 0.65), (cab / 2 + 0.02, width / 2 - 0.2, 0.85), Material.HEADLIGHT, 2
    )
    _axle(builder, 0.1, width, 0.48)
    pieces.append(Piece(builder.mesh(), length / 2 - cab / 2))
    return tuple(pieces)


def _axle(builder: _Builder, x: float, width: float, radius: float) -> None:
    angle = np.linspace(0, 2 * np.pi, 13)
    for side in (1.0, -1.0):
        for share, out, material in ((1.0, 0.01, Material.TYRE), (0.55, 0.02, Material.RIM)):
            y = side * (width / 2 + out)
            rim = [
                (x - side * radius * share * math.cos(a), y, radius + radius * share * math.sin(a))
                for a in angle
            ]
            fan = [[(x, y, radius), rim[i], rim[i + 1], rim[i + 2]] for i in range(0, 12, 2)]
            builder.add(np.array(fan), material, 3)
