"""Draw the training curves of the stages as one small picture."""

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from parking_monitor.values import Image

PANEL = (300, 240)
COLUMNS = 4
"""Panels beside one another."""
MARGIN = 36
COLOURS = {
    'loss': (160, 160, 160),
    'held_out_simulation': (200, 90, 20),
    'held_out_lot': (30, 120, 220),
}
"""BGR; grey is the training loss since the last check."""

Row = dict[str, float]


def draw_curves(work: Path, stages: Sequence[str], out: Path) -> list[str]:
    """Write a picture with a panel a stage whose record is there; return their names."""
    present = [name for name in stages if (work / f'{name}.jsonl').exists()]
    panels = [_panel(name, _rows(work / f'{name}.jsonl')) for name in present]
    if panels:
        blank = np.full_like(panels[0], 255)
        panels += [blank] * (-len(panels) % COLUMNS)
        rows = [np.hstack(panels[start : start + COLUMNS]) for start in range(0, len(panels), COLUMNS)]
        cv2.imwrite(str(out), np.vstack(rows))
    return present


def _rows(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def _panel(name: str, rows: list[Row]) -> Image:
    """Return the losses of a stage over its steps; the axis of losses begins at 0."""
    width, height = PANEL
    panel = np.full((height, width, 3), 255, np.uint8)
    steps = max(row['step'] for row in rows)
    most = max(min(row[key], 3.0) for row in rows for key in COLOURS if key in row) * 1.45
    right, bottom = width - 10, height - MARGIN
    cv2.rectangle(panel, (MARGIN, 22), (right, bottom), (0, 0, 0), 1)
    _write(panel, name, (MARGIN, 15))
    _write(panel, f'{most:.1f}', (4, 32))
    _write(panel, '0', (22, bottom))
    _write(panel, f'{steps:.0f} steps', (right - 74, bottom + 14))
    for line, (key, colour) in enumerate(COLOURS.items()):
        points = [
            (
                MARGIN + row['step'] / steps * (right - MARGIN),
                bottom - min(row[key], most) / most * (bottom - 22),
            )
            for row in rows
            if key in row
        ]
        if not points:
            continue
        cv2.polylines(panel, [np.array(points).round().astype(np.int32)], False, colour, 1, cv2.LINE_AA)
        for x, y in points:
            cv2.circle(panel, (round(x), round(y)), 2, colour, cv2.FILLED)
        last = next(row[key] for row in reversed(rows) if key in row)
        _write(panel, f'{key} {last:.2f}', (right - 190, 38 + 14 * line), colour)
    return panel


def _write(panel: Image, text: str, at: tuple[int, int], colour: tuple[int, int, int] = (0, 0, 0)) -> None:
    cv2.putText(panel, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.38, colour, 1, cv2.LINE_AA)
