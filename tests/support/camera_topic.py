"""Publish pictures on a ROS topic, as a camera does."""

import itertools
import threading

import numpy as np
from sensor_msgs.msg import CompressedImage

from parking_monitor import jpeg
from parking_monitor.nodes import convert, convert_images, qos
from tests.support.pictures import squares_jpeg
from tests.support.ros_graph import RosGraph


class Pictures:
    """Publish pictures at 20 Hz, as a camera does, with so many cars in them, while this context lasts."""

    def __init__(self, ros: RosGraph, cars: int, topic: str = 'image_raw/compressed') -> None:
        self._publisher = ros.publisher(CompressedImage, topic, qos.COMPRESSED_IMAGE)
        self._pictures = itertools.cycle(noisy_jpegs(cars))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        stamp_ns = 0
        while not self._stop.wait(0.05):
            stamp_ns += 50_000_000
            header = convert.to_header(stamp_ns, 'lane')
            self._publisher.publish(convert_images.to_compressed_image(next(self._pictures), header))


def noisy_jpegs(cars: int) -> list[bytes]:
    """Draw the same cars in seven pictures that differ as a sensor's do."""
    random = np.random.default_rng(1)
    still = jpeg.decode(squares_jpeg(cars))
    noise = random.integers(0, 4, (7, *still.shape), np.uint8)
    return [jpeg.encode(np.minimum(still, 250) + one, 95) for one in noise]
