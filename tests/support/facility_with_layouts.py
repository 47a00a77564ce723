"""Run as `parking-fleet serve` is, knowing where the bays of one camera are, and its picture."""

import logging

import cv2
import numpy as np

from parking_fleet.api.server import run_server
from parking_fleet.dashboard import app
from parking_fleet.settings import load_settings
from parking_fleet.zones.layout import Layout, Outline, Polygon

PER_ROW = 12
WIDTH, HEIGHT = 1280, 720


def outline_of(place: int) -> Polygon:
    """Return where a bay is: the first row stands far away, the second near."""
    row, column = divmod(place, PER_ROW)
    top, bottom = ((0.22, 0.42), (0.56, 0.9))[row]

    def across(edge: int, down: float) -> float:
        # What is near is wide.
        half = 0.30 + 0.19 * down
        return round(0.5 - half + 2 * half * edge / PER_ROW, 4)

    return (
        (across(column, top), top),
        (across(column + 1, top), top),
        (across(column + 1, bottom), bottom),
        (across(column, bottom), bottom),
    )


class ExampleLayouts:
    """Know the camera `north`."""

    def layouts(self, uuid: str, camera: str) -> Layout | None:  # noqa: ARG002 - one device has it
        """Return where its bays are."""
        if camera != 'north':
            return None
        bays = tuple(Outline(f'A{place + 1}', outline_of(place)) for place in range(2 * PER_ROW))
        return Layout(bays=bays, aspect=WIDTH / HEIGHT)

    def picture(self, uuid: str, camera: str) -> bytes | None:  # noqa: ARG002 - one device has it
        """Return a drawn car park."""
        if camera != 'north':
            return None
        picture = np.full((HEIGHT, WIDTH, 3), 96, np.uint8)
        picture[: HEIGHT // 6] = (200, 180, 150)
        for place in range(2 * PER_ROW):
            corners = np.array(outline_of(place)) * (WIDTH, HEIGHT)
            cv2.polylines(
                picture, [corners.astype(np.int32)], isClosed=True, color=(235, 235, 235), thickness=3
            )
            if place % 3:
                middle = corners.mean(axis=0)
                car = ((corners - middle) * 0.7 + middle).astype(np.int32)
                cv2.fillPoly(picture, [car], (60 + 40 * (place % 4), 50, 90 + 30 * (place % 5)))
        return bytes(cv2.imencode('.jpg', picture)[1])


if __name__ == '__main__':
    logging.basicConfig(level=logging.INFO)
    # What the server asks devices for.
    vars(app)['DeviceLayouts'] = lambda _service: ExampleLayouts()
    run_server(load_settings(), takes_in=True)
