"""The model that ships keeps its contract and sees cars."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from benchmarks.model_detectors import Detector
from benchmarks.model_scoring import Wanted, judge
from parking_monitor.simulation.scene import load_scene
from parking_monitor.simulation.simulator import Simulator

MODEL = Path(__file__).parents[3] / 'models' / 'default.onnx'
LARGEST = 2_000_000
WIDTH, HEIGHT, STRIDE = 320, 256, 4


@pytest.fixture(scope='module')
def session() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(MODEL), options, providers=['CPUExecutionProvider'])


@pytest.fixture(scope='module')
def detector() -> Detector:
    return Detector('default', MODEL)


def test_the_file_is_at_most_two_megabytes() -> None:
    assert MODEL.stat().st_size <= LARGEST


def test_it_takes_one_rgb_picture_and_answers_scores_and_distances(
    session: onnxruntime.InferenceSession,
) -> None:
    (image,) = session.get_inputs()
    outputs = {output.name: output.shape for output in session.get_outputs()}
    assert (image.name, image.shape, image.type) == ('image', [1, 3, HEIGHT, WIDTH], 'tensor(float)')
    assert outputs == {
        'heat': [1, 1, HEIGHT // STRIDE, WIDTH // STRIDE],
        'box': [1, 4, HEIGHT // STRIDE, WIDTH // STRIDE],
    }


def test_its_metadata_names_family_labels_resize_mode_and_version(
    session: onnxruntime.InferenceSession,
) -> None:
    metadata = session.get_modelmeta().custom_metadata_map
    assert metadata['family'] == 'centre'
    assert json.loads(metadata['labels']) == ['car']
    assert metadata['resize_mode'] == 'fit-longest'
    assert metadata['name']
    assert metadata['version']


@pytest.mark.parametrize('level', [0, 127, 255])
def test_scores_are_shares_and_distances_positive_for_any_even_picture(
    session: onnxruntime.InferenceSession, level: int
) -> None:
    image = np.full((1, 3, HEIGHT, WIDTH), level, np.float32)
    heat, box = session.run(['heat', 'box'], {'image': image})
    assert heat.min() >= 0
    assert heat.max() <= 1
    assert box.min() > 0
    assert np.isfinite(box).all()


def test_an_even_picture_shows_no_car(detector: Detector) -> None:
    found = detector.find(np.full((480, 640, 3), 110, np.uint8))
    assert found.scores.max(initial=0) < 0.5


def test_it_finds_the_cars_of_a_rendered_lane(detector: Detector) -> None:
    simulator = Simulator(load_scene('day_lane'), width=640, height=480, seed=501)
    asked = right = wrong = 0
    for time_s in (18.0, 20.0, 60.0):
        frame = simulator.frame(time_s)
        cars = [car for car in frame.truth.cars if car.visibility > 0]
        boxes = np.array([[c.box.x, c.box.y, c.box.right, c.box.bottom] for c in cars], float).reshape(-1, 4)
        verdicts = judge(
            detector.find(frame.image), Wanted(boxes, np.array([car.visibility >= 0.5 for car in cars], bool))
        )
        sure = verdicts.scores >= 0.5
        asked += verdicts.asked
        right += int(verdicts.right[sure].sum())
        wrong += int((~verdicts.right[sure]).sum())
    assert asked >= 6
    assert right >= 0.8 * asked
    assert wrong <= 0.2 * asked


def test_the_same_picture_gives_the_same_answer(detector: Detector) -> None:
    image = Simulator(load_scene('oblique_lot'), width=640, height=480, seed=502).frame(300.0).image
    first, second = detector.find(image), detector.find(image)
    assert np.array_equal(first.boxes, second.boxes)
    assert np.array_equal(first.scores, second.scores)
