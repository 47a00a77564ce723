"""Make the pictures of the guides again: `make pictures`.

Those of the dashboard are what its browser tests saw last: run tests/e2e/dashboard before.
"""

from pathlib import Path

import cv2
import numpy as np
import yaml

from parking_monitor import drawing, jpeg
from parking_monitor.simulation.fleet_section import places
from parking_monitor.simulation.scene import load_scene
from parking_monitor.simulation.simulator import Simulator
from parking_monitor.values import Image

FOLDER = Path(__file__).parents[1] / 'docs' / 'pictures'
SCREENS = Path(__file__).parents[1] / 'build' / 'screens'
PAGES = {'fleet-desktop-light': 'fleet', 'facility-desktop-light': 'facility', 'zones-desktop-light': 'zones'}
"""Screenshots by name, and what they are called in the guides."""

SCENE, WIDTH, HEIGHT = 'oblique_lot', 960, 720
HALF_FULL_S = 700.0


def main() -> None:
    """Write a lot as a camera sees it, with a grid, and with its places."""
    simulator = Simulator(load_scene(SCENE), width=WIDTH, height=HEIGHT)
    image = np.asarray(simulator.frame(HALF_FULL_S).image)
    found = yaml.safe_load(yaml.safe_dump(places(simulator)))
    outlines = drawing.Places(
        zones=[drawing.Outline(zone['name'], zone['polygon']) for zone in found['zones']],
        bays=[drawing.Outline(bay['name'], bay['polygon']) for bay in found['bays']],
        gates=[drawing.GateLine(gate['name'], gate['line'], gate['inside']) for gate in found['gates']],
    )
    _write('oblique_lot', image)
    _write('grid', drawing.lay_out(image, drawing.Places(), grid=True))
    _write('places', drawing.lay_out(image, outlines))
    for screen, name in PAGES.items():
        path = SCREENS / f'{screen}.png'
        if path.exists():
            screen_image = cv2.imread(str(path))
            height = round(screen_image.shape[0] * WIDTH / screen_image.shape[1])
            _write(name, cv2.resize(screen_image, (WIDTH, height), interpolation=cv2.INTER_AREA))
        else:
            print(f'{FOLDER / name}.jpg stays as it is: there is no {path}; run tests/e2e/dashboard first')


def _write(name: str, image: Image) -> None:
    (FOLDER / f'{name}.jpg').write_bytes(jpeg.encode(image, 80))


if __name__ == '__main__':
    main()
