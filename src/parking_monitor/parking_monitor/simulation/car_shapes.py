"""Build the bodies of cars as meshes: lofts of cross sections along the length.

A mesh is in metres, the car's middle on the ground at the origin, its nose towards +x,
its left side towards +y.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from parking_monitor.simulation.projection import Floats


class Material(IntEnum):
    """Name what a face is made of."""

    PAINT = 0
    GLASS = 1
    TRIM = 2
    TYRE = 3
    RIM = 4
    HEADLIGHT = 5
    TAILLIGHT = 6
    PLATE = 7
    GRILLE = 8
    BED = 9
    PILLAR = 10
    HUB = 11
    SECOND = 12


@dataclass(frozen=True, eq=False)
class Mesh:
    """Hold faces with four corners each.

    Attributes:
        corners: (faces, 4, 3) metres, counter-clockwise from outside.
        normals: (faces, 3), unit length, outward.
        materials: (faces,) of Material.
        layer: (faces,) drawing order before depth: 0 far wheels, 1 body, 2 on the body.
        hull: (points, 3) enough points to span the outline of the whole.
        length, width, height: metres.
    """

    corners: Floats
    normals: Floats
    materials: NDArray[np.int64]
    layer: NDArray[np.int64]
    hull: Floats
    length: float
    width: float
    height: float


@dataclass(frozen=True)
class Body:
    """Hold the measures of a body style; x runs from 0 (rear) to 1 (front), heights are metres.

    Attributes:
        deck: (x, height) of the line below the windows, bonnet and boot included.
        rear_base, roof_rear, roof_front, front_base: where the rear window begins and
            ends and where the windscreen ends and begins.
        pillars: where pillars cross the side windows.
        glazed_from: the side windows begin here; behind is sheet metal.
        bed: (from, to) of a pick-up's open bed.
    """

    length: float
    width: float
    height: float
    deck: tuple[tuple[float, float], ...]
    rear_base: float
    roof_rear: float
    roof_front: float
    front_base: float
    pillars: tuple[float, ...]
    glazed_from: float
    bed: tuple[float, float] | None = None
    wheel: float = 0.32
    axles: tuple[float, float] = (0.19, 0.81)
    taper: float = 0.17


def _deck(boot: float, belt: float, bonnet: float, nose: float) -> tuple[tuple[float, float], ...]:
    return (
        (0.0, 0.42), (0.006, 0.58), (0.025, boot - 0.06), (0.05, boot), (0.2, (boot + belt) / 2),
        (0.45, belt), (0.7, bonnet), (0.86, (bonnet + nose) / 2 + 0.03),
        (0.94, nose + 0.02), (0.975, nose - 0.08),
        (0.994, 0.52), (1.0, 0.40),
    )  # fmt: skip


BODIES: dict[str, Body] = {
    'city': Body(3.55, 1.64, 1.50, _deck(0.95, 0.95, 0.98, 0.80), 0.012, 0.075, 0.58, 0.80, (0.42,), 0.10),
    'hatchback': Body(
        4.05, 1.76, 1.46, _deck(0.93, 0.92, 0.93, 0.74),
        0.015, 0.13, 0.54, 0.76, (0.44,), 0.15,
    ),
    'saloon': Body(4.70, 1.82, 1.44, _deck(0.98, 0.90, 0.90, 0.70), 0.16, 0.33, 0.53, 0.72, (0.44,), 0.26),
    'estate': Body(
        4.72, 1.82, 1.48, _deck(0.92, 0.91, 0.91, 0.70),
        0.012, 0.08, 0.55, 0.73, (0.26, 0.46), 0.07,
    ),
    'suv': Body(
        4.62, 1.88, 1.70, _deck(1.06, 1.04, 1.06, 0.90), 0.014, 0.09, 0.55, 0.745, (0.24, 0.45), 0.10,
        wheel=0.37,
    ),
    'coupe': Body(4.45, 1.84, 1.32, _deck(0.92, 0.86, 0.86, 0.64), 0.10, 0.33, 0.48, 0.70, (), 0.28),
    'minivan': Body(
        4.65, 1.84, 1.68, _deck(0.98, 0.98, 1.00, 0.84),
        0.012, 0.06, 0.60, 0.86, (0.25, 0.5), 0.06,
    ),
    'van': Body(
        5.30, 1.98, 2.08, _deck(1.10, 1.10, 1.16, 0.96), 0.004, 0.02, 0.74, 0.90, (0.60,), 0.56,
        wheel=0.36, axles=(0.19, 0.83), taper=0.09,
    ),
    'pickup': Body(
        5.25, 1.90, 1.80, _deck(1.08, 1.08, 1.10, 0.94), 0.40, 0.43, 0.57, 0.72, (0.50,), 0.42,
        (0.02, 0.38), 0.39,
    ),
}  # fmt: skip

_PLAN = (
    (0.0, 0.78), (0.006, 0.86), (0.025, 0.925), (0.08, 0.97), (0.2, 0.995), (0.5, 1.0), (0.75, 0.99),
    (0.88, 0.96), (0.94, 0.91), (0.975, 0.83), (0.994, 0.74), (1.0, 0.68),
)  # fmt: skip
_SILL_M = 0.21
_HALF_RING = 10
_PILLAR_HALF = 0.009


def _interpolated(table: Sequence[tuple[float, float]], x: Floats) -> Floats:
    return np.interp(x, [row[0] for row in table], [row[1] for row in table])


def _stations(body: Body, *, fine: bool) -> Floats:
    """Return where along the length the cross sections stand; fewer for small pictures."""
    marks = {row[0] for row in body.deck} | {row[0] for row in _PLAN}
    marks |= {body.rear_base, body.roof_rear, body.roof_front, body.front_base, body.glazed_from}
    for pillar in body.pillars:
        marks |= {pillar - _PILLAR_HALF, pillar + _PILLAR_HALF}
    if body.bed:
        marks |= {body.bed[0], body.bed[1], body.bed[1] + 0.01}
    if fine:
        back, front = body.roof_rear - body.rear_base, body.roof_front - body.front_base
        marks |= {body.rear_base + back * part for part in (0.33, 0.67, 1.15)}
        marks |= {body.front_base + front * part for part in (0.2, 0.4, 0.6, 0.8, 0.93)}
    else:
        marks -= {0.006, 0.05, 0.86, 0.88, 0.994, 0.45, 0.5, 0.7, 0.75}
    found = sorted(marks)
    dense = [found[0]]
    for mark in found[1:]:
        if mark - dense[-1] < 0.003:
            continue
        pieces = int(np.ceil((mark - dense[-1]) / (0.08 if fine else 0.3)))
        dense += list(np.linspace(dense[-1], mark, pieces + 1)[1:])
    return np.array(dense)


def _roof(body: Body, x: Floats, deck: Floats) -> Floats:
    """Return the height of the roof line, equal to the deck outside of the cabin."""
    top = body.height - 0.03
    line = (
        (body.rear_base, 0.0), (body.rear_base + 0.33 * (body.roof_rear - body.rear_base), 0.42),
        (body.rear_base + 0.67 * (body.roof_rear - body.rear_base), 0.78), (body.roof_rear, 0.965),
        (body.roof_rear + 0.15 * (body.roof_rear - body.rear_base), 0.985),
        ((body.roof_rear + body.roof_front) / 2, 1.0), (body.roof_front, 0.97),
        (body.roof_front + 0.2 * (body.front_base - body.roof_front), 0.86),
        (body.roof_front + 0.6 * (body.front_base - body.roof_front), 0.45), (body.front_base, 0.0),
    )  # fmt: skip
    share = _interpolated(line, x)
    cabin = np.where((x < body.rear_base) | (x > body.front_base), 0.0, share)
    return np.asarray(deck + (top - deck) * cabin)


def _rings(body: Body, x: Floats) -> Floats:
    """Return the cross sections (stations, points, 3), from the left sill over the top to the right sill."""
    deck = _interpolated(body.deck, x)
    roof = _roof(body, x, deck)
    half = _interpolated(_PLAN, x) * body.width / 2
    cabin = roof - deck
    lean = np.clip(cabin / 0.45, 0, 1)
    sill = np.minimum(_SILL_M, deck - 0.1)
    waist = sill + (deck - sill) * 0.55
    y = np.stack(
        [
            half * 0.93, half * 0.985, half, half * 0.985, half * 0.945,
            half * (0.87 + 0.03 * lean), half * (0.78 + 0.09 * lean - body.taper * lean),
            half * (0.68 + 0.04 * lean - body.taper * 0.6 * lean), half * 0.36, half * 0.0,
        ], axis=1,
    )  # fmt: skip
    z = np.stack(
        [
            sill, sill + 0.13, waist, deck - 0.09, deck - 0.015, deck + 0.012,
            deck + 0.02 + 0.86 * cabin, roof + 0.022 - 0.01 * lean, roof + 0.037, roof + 0.042,
        ], axis=1,
    )  # fmt: skip
    along = np.repeat(((x - 0.5) * body.length)[:, None], _HALF_RING, axis=1)
    left = np.stack([along, y, z], axis=2)
    right = left[:, -2::-1] * np.array([1.0, -1.0, 1.0])
    return np.concatenate([left, right], axis=1)


def _strip_material(body: Body, strip: int, x: float, cabin: float) -> Material:  # noqa: PLR0911 - one table
    """Say what the face of a strip (0 sill .. 8 middle of the roof) at x is made of."""
    if strip == 0:
        return Material.TRIM
    if strip in {2, 3, 4} and x > 0.925 and (strip != 2 or x > 0.95):
        return Material.HEADLIGHT if strip != 2 or x < 0.985 else Material.PAINT
    if strip in {2, 3} and x < 0.045 and x > 0.003:
        return Material.TAILLIGHT
    if body.bed and body.bed[0] < x < body.bed[1] and strip >= 5:
        return Material.BED
    if strip >= 8 and x > 0.982:
        return Material.GRILLE
    if strip >= 7:
        glazed = body.rear_base < x < body.roof_rear or body.roof_front < x < body.front_base
        van_back = body.glazed_from > 0.5 and x < 0.3
        return Material.GLASS if glazed and not van_back else Material.PAINT
    if strip == 5 and cabin > 0.1 and body.glazed_from < x < body.front_base - 0.02:
        near_pillar = any(abs(x - pillar) < _PILLAR_HALF + 0.002 for pillar in body.pillars)
        return Material.PILLAR if near_pillar else Material.GLASS
    return Material.PAINT


def _loft(body: Body, *, fine: bool) -> tuple[Floats, list[Material], Floats]:
    x = _stations(body, fine=fine)
    rings = _rings(body, x)
    faces, materials = [], []
    strips = rings.shape[1] - 1
    deck = _interpolated(body.deck, x)
    cabin = _roof(body, x, deck) - deck
    for station in range(len(x) - 1):
        middle = (x[station] + x[station + 1]) / 2
        height = (cabin[station] + cabin[station + 1]) / 2
        for strip in range(strips):
            a, b = rings[station, strip], rings[station + 1, strip]
            c, d = rings[station + 1, strip + 1], rings[station, strip + 1]
            faces.append((a, d, c, b))
            materials.append(_strip_material(body, min(strip, strips - 1 - strip), middle, height))
    for ring, forward in ((rings[0], False), (rings[-1], True)):
        for strip in range(strips // 2):
            a, b = ring[strip], ring[strip + 1]
            c, d = ring[strips - strip - 1], ring[strips - strip]
            faces.append((a, d, c, b) if forward else (a, b, c, d))
            materials.append(Material.TRIM if strip < 1 else Material.PAINT)
    return np.array(faces), materials, rings


def _quad(centre: Sequence[float], along: Sequence[float], up: Sequence[float]) -> Floats:
    c, a, u = np.array(centre), np.array(along), np.array(up)
    return np.array([c - a - u, c + a - u, c + a + u, c - a + u])


def _disc(x: float, y: float, z: float, radius: float, sides: int) -> list[Floats]:
    """Return an upright disc that faces sideways, as a fan of quads."""
    sign = 1.0 if y > 0 else -1.0
    angle = np.linspace(0, 2 * np.pi, sides + 1)
    rim = np.stack(
        [x - sign * radius * np.cos(angle), np.full_like(angle, y), z + radius * np.sin(angle)], axis=1
    )
    middle = np.array([x, y, z])
    return [np.array([middle, rim[i], rim[i + 1], rim[i + 2]]) for i in range(0, sides, 2)]


def _fittings(body: Body, *, fine: bool) -> list[tuple[Floats, Material, int]]:
    """Return wheels, plates and mirrors as (corners, material, layer)."""
    parts: list[tuple[Floats, Material, int]] = []
    half = body.width / 2
    for axle in body.axles:
        x = (axle - 0.5) * body.length
        for side in (1.0, -1.0):
            # Drawn one over the other: the arch's shade, the tyre, the rim, its hub.
            discs = [
                (body.wheel * 1.16, 0.985, Material.TRIM, 14),
                (body.wheel, 0.99, Material.TYRE, 14),
                (body.wheel * 0.64, 0.995, Material.RIM, 12),
                (body.wheel * 0.22, 1.0, Material.HUB, 6),
            ]
            for radius, out, material, sides in discs if fine else [(*disc[:3], 8) for disc in discs[1:3]]:
                parts += [
                    (quad, material, 2) for quad in _disc(x, side * half * out, body.wheel, radius, sides)
                ]
    end = body.length / 2
    parts.append((_quad((end + 0.012, 0, 0.42), (0, 0.26, 0), (0, 0, 0.055)), Material.PLATE, 2))
    rear = 0.78 if body.height < 1.6 else 0.9
    parts.append((_quad((-end - 0.012, 0, rear - 0.2), (0, -0.26, 0), (0, 0, 0.055)), Material.PLATE, 2))
    parts.append((_quad((end + 0.01, 0, 0.27), (0, 0.5, 0), (0, 0, 0.05)), Material.GRILLE, 2))
    mirror_x = (body.front_base - 0.06 - 0.5) * body.length
    deck = float(_interpolated(body.deck, np.array([body.front_base - 0.06]))[0])
    for side in (1.0, -1.0):
        parts += _box((mirror_x, side * (half + 0.06), deck + 0.09), (0.07, 0.1, 0.07), Material.PAINT)
    return parts


def _box(
    middle: tuple[float, float, float], half: tuple[float, float, float], material: Material, layer: int = 1
) -> list[tuple[Floats, Material, int]]:
    (x, y, z), (a, b, c) = middle, half
    faces = [
        _quad((x + a, y, z), (0, b, 0), (0, 0, c)), _quad((x - a, y, z), (0, -b, 0), (0, 0, c)),
        _quad((x, y + b, z), (-a, 0, 0), (0, 0, c)), _quad((x, y - b, z), (a, 0, 0), (0, 0, c)),
        _quad((x, y, z + c), (a, 0, 0), (0, b, 0)),
    ]  # fmt: skip
    return [(face, material, layer) for face in faces]


def mesh_of(faces: Floats, materials: Sequence[Material], layers: Sequence[int], hull: Floats) -> Mesh:
    """Return a mesh from faces (n, 4, 3), with their normals."""
    normals = np.cross(faces[:, 2] - faces[:, 0], faces[:, 3] - faces[:, 1])
    size = np.linalg.norm(normals, axis=1, keepdims=True)
    extent = hull.max(axis=0) - hull.min(axis=0)
    return Mesh(
        corners=faces,
        normals=normals / np.maximum(size, 1e-9),
        materials=np.array([int(material) for material in materials]),
        layer=np.array(layers),
        hull=hull,
        length=float(extent[0]),
        width=float(extent[1]),
        height=float(extent[2]),
    )


@lru_cache(maxsize=64)
def car_mesh(name: str, fine: bool = True) -> Mesh:
    """Return the mesh of a body style, one of BODIES; fine is for cars that are large in the picture."""
    body = BODIES[name]
    faces, materials, rings = _loft(body, fine=fine)
    parts = _fittings(body, fine=fine)
    layers = [1] * len(faces) + [layer for _, _, layer in parts]
    materials += [material for _, material, _ in parts]
    corners = np.concatenate([faces, np.array([quad for quad, _, _ in parts])])
    # Every second section and some of its points span the outline to within a centimetre or two.
    ends = rings[[0, 3, len(rings) // 2, -4, -1]][:, [0, 2, 4, -5, -3, -1]].reshape(-1, 3)
    roof = rings[:, [6, 7, 9, 11, 12]].reshape(-1, 3)
    high = roof[roof[:, 2] > body.height - 0.2]
    wheels = corners[len(faces) :].reshape(-1, 3)
    low = wheels[wheels[:, 2] < 0.02]
    step = max(1, len(high) // 16)
    return mesh_of(corners, materials, layers, np.concatenate([ends, high[::step], high[-5:], low]))
