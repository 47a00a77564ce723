import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from parking_monitor.detection.detector import Detector
from parking_monitor.detection.errors import ModelError
from parking_monitor.detection.model_info import ResizeMode
from parking_monitor.detection.onnx_eim import cli
from parking_monitor.detection.onnx_eim.errors import ConversionError
from parking_monitor.detection.onnx_eim.inspection import Family, Pixels
from parking_monitor.detection.onnx_eim.runtime.settings import Settings
from parking_monitor.detection.onnx_eim.writer import Options, write_eim
from parking_monitor.values import Box, Frame
from tests.integration.detection.eim_client import FIXTURES, an_eim_of

BLACK = np.zeros((32, 32, 3), np.uint8)


def found_by(eim: Path, picture: np.ndarray = BLACK) -> list[tuple[str, float, Box]]:
    height, width = picture.shape[:2]
    with Detector(eim, confidence=0.3) as detector:
        detections = detector.detect(Frame(stamp_ns=1, width=width, height=height, image=picture))
    return [(one.label, round(one.confidence, 3), one.box) for one in detections.items]


def settings_of(name: str, folder: Path, options: Options | None = None) -> Settings:
    return write_eim(FIXTURES / f'{name}.onnx', folder / 'm.eim', options)


@pytest.mark.parametrize(
    ('name', 'options', 'family', 'found'),
    [
        (
            'nanodet_3_classes',
            Options(labels=['person', 'bike', 'car']),
            'nanodet',
            # From the middle of the cell (23.5, 7.5): 16 to the left, 16 down, nothing up or right.
            [('car', 0.75, Box(8, 8, 16, 16))],
        ),
        ('yolox_1_class', None, 'yolox', [('car', 0.45, Box(16, 16, 16, 8))]),
        ('ssd_torchvision', Options(size=(32, 32)), 'ssd', [('car', 0.9, Box(8, 4, 16, 8))]),
        ('ssd_tensorflow', None, 'ssd', [('car', 0.9, Box(8, 4, 16, 8))]),
        (
            'ssd_tensorflow',
            Options(classes={3: 'car', 8: 'truck', 1: 'person'}),
            'ssd',
            [
                ('car', 0.9, Box(8, 4, 16, 8)),
                ('truck', 0.8, Box(9, 4, 15, 8)),
                ('person', 0.7, Box(0, 0, 4, 4)),
            ],
        ),
    ],
    ids=['nanodet', 'yolox', 'ssd of torchvision', 'ssd of tensorflow', 'ssd with classes'],
)
def test_a_model_of_each_family_is_recognised_and_found_in(
    tmp_path: Path,
    name: str,
    options: Options | None,
    family: str,
    found: list[tuple[str, float, Box]],
) -> None:
    assert settings_of(name, tmp_path, options).family == family
    answered = found_by(tmp_path / 'm.eim')
    assert [one[:2] for one in answered] == [one[:2] for one in found]
    for (_, _, box), (_, _, expected) in zip(answered, found, strict=True):
        # Half a pixel of a NanoDet centre goes either way.
        assert [box.x, box.y, box.width, box.height] == pytest.approx(
            [expected.x, expected.y, expected.width, expected.height], abs=1
        )


def test_a_centre_model_says_of_itself_what_it_is_and_sees_colours(tmp_path: Path) -> None:
    eim = an_eim_of('centre_rgb', tmp_path)
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[32:40, 16:20] = (255, 255, 0)  # squashed to 64x32: the cell at (16, 16), two of three channels
    with Detector(eim, confidence=0.3) as detector:
        info = detector.info
        detections = detector.detect(Frame(stamp_ns=1, width=64, height=64, image=picture))
    assert (info.name, info.version, info.labels) == ('tiny', '7', ('car',))
    assert (info.width, info.height, info.channels) == (64, 32, 3)
    assert info.resize_mode is ResizeMode.SQUASH
    (found,) = detections.items
    assert found.confidence == pytest.approx(2 / 3, abs=0.01)
    assert found.box == Box(10, 20, 16, 32)


def test_the_user_overrules_what_the_model_says(tmp_path: Path) -> None:
    options = Options(
        classes={0: 'vehicle'},
        name='mine',
        version='2.1',
        resize=ResizeMode.FIT_SHORTEST,
        confidence=0.1,
        threads=2,
    )
    settings = settings_of('centre_rgb', tmp_path, options)
    model, project = settings.hello['model_parameters'], settings.hello['project']
    assert (project['name'], project['deploy_version']) == ('mine', '2.1')
    assert (model['labels'], model['image_resize_mode']) == (['vehicle'], 'fit-shortest')
    assert model['thresholds'] == [{'id': 3, 'min_score': 0.1, 'type': 'object_detection'}]
    assert settings.threads == 2


@pytest.mark.parametrize(
    ('order', 'mean', 'std', 'score'),
    [
        ('rgb', (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), 1 / 3),
        ('rgb', (0.0, 0.0, -255.0), (1.0, 1.0, 1.0), 2 / 3),
        ('rgb', (0.0, 0.0, 0.0), (1.0, 1.0, 2.0), 1 / 3),
        ('bgr', (0.0, 0.0, 0.0), (1.0, 1.0, 2.0), 1 / 6),
    ],
)
def test_channel_order_mean_and_std_are_heeded(
    tmp_path: Path, order: str, mean: tuple[float, ...], std: tuple[float, ...], score: float
) -> None:
    eim = an_eim_of('centre_rgb', tmp_path, Options(pixels=Pixels(order=order, mean=mean, std=std)))
    red = np.zeros((32, 64, 3), np.uint8)
    red[16:20, 16:20, 2] = 255
    with Detector(eim, confidence=0.05) as detector:
        items = detector.detect(Frame(stamp_ns=1, width=64, height=32, image=red)).items
    assert max(one.confidence for one in items) == pytest.approx(score, abs=0.01)


def test_the_same_model_makes_the_same_file(tmp_path: Path) -> None:
    one, other = an_eim_of('yolox_1_class', tmp_path), tmp_path / 'other.eim'
    write_eim(FIXTURES / 'yolox_1_class.onnx', other)
    assert one.read_bytes() == other.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ['other.eim', 'yolox_1_class.eim']


@pytest.mark.parametrize(
    ('name', 'options', 'reason'),
    [
        ('unknown', None, r'answers embedding \[1, 8\], which is no family known here; .* --family'),
        ('unknown', Options(family=Family.NANODET), 'not what nanodet models answer'),
        ('unknown', Options(family=Family.YOLOX), '3 classes without names|does not run as yolox'),
        ('ssd_torchvision', None, 'pictures of any size; choose one by --size'),
        ('centre_grey', Options(size=(64, 64)), 'takes 96x96 pixels; --size 64x64 differs'),
        ('nanodet_3_classes', None, '3 classes without names; give --labels'),
        ('yolox_1_class', Options(family=Family.SSD), 'not what ssd models answer'),
        ('missing', None, 'cannot be read: No such file'),
    ],
)
def test_a_model_that_cannot_be_used_is_refused_with_what_would_help(
    tmp_path: Path, name: str, options: Options | None, reason: str
) -> None:
    with pytest.raises(ConversionError, match=reason):
        settings_of(name, tmp_path, options)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    junk = tmp_path / 'junk.onnx'
    junk.write_text('not a model')
    with pytest.raises(ConversionError, match='not an ONNX model that can be run'):
        write_eim(junk, tmp_path / 'm.eim')


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match='cannot be written'):
        an_eim_of('yolox_1_class', tmp_path / 'nowhere')


@pytest.mark.parametrize(
    ('fields', 'reason'),
    [
        ({'confidence': 1.5}, 'confidence is 1.5'),
        ({'overlap': -1}, 'overlap is -1'),
        ({'threads': 0}, 'threads is 0'),
        ({'boxes': 'xywh'}, "boxes is 'xywh'"),
        ({'python': "it's"}, 'cannot be named in a script'),
    ],
)
def test_an_option_out_of_range_is_named(fields: dict[str, float], reason: str) -> None:
    with pytest.raises(ConversionError, match=reason):
        Options(**fields)  # type: ignore[arg-type]  # wrong on purpose


def test_the_command_says_what_it_made(tmp_path: Path) -> None:
    output = tmp_path / 'my.eim'
    model = FIXTURES / 'ssd_torchvision.onnx'
    command = [sys.executable, '-m', 'parking_monitor.detection.onnx_eim', '--model', str(model)]
    ran = subprocess.run(
        [*command, '-o', str(output), '--size', '32x32', '--classes', '3=car,8=truck'],
        capture_output=True,
        text=True,
        check=True,
        env={'PYTHONPATH': str(Path(cli.__file__).parents[3])},
    )
    assert ran.stdout == f'{output}: ssd, 32x32, squash, classes 3 as car, 8 as truck\n'
    assert [label for label, _, _ in found_by(output)] == ['car', 'truck']


@pytest.mark.parametrize(
    ('arguments', 'reason'),
    [
        (['--size', 'big'], "--size is 'big'"),
        (['--classes', 'car'], "--classes has 'car'"),
        (['--size', '32x32', '--mean', '1,2,3'], 'need --family'),
        (['--size', '32x32', '--family', 'ssd', '--mean', '1,2'], 'three numbers each'),
        (['--size', '32x32', '--family', 'ssd', '--std', 'a,b,c'], "--std is 'a,b,c'"),
        (['--size', '32x32', '--family', 'ssd', '--order', 'rbg'], "channel order 'rbg'"),
    ],
)
def test_the_command_names_what_is_wrong(tmp_path: Path, arguments: list[str], reason: str) -> None:
    import typer  # noqa: PLC0415  (for this test alone)

    app = typer.Typer()
    app.command()(cli.onnx_eim)
    model, output = str(FIXTURES / 'ssd_torchvision.onnx'), str(tmp_path / 'm.eim')
    ran = CliRunner().invoke(app, ['--model', model, '-o', output, *arguments])
    assert ran.exit_code == 1
    assert reason in ran.output


def a_python(folder: Path, text: str) -> Path:
    path = folder / 'python-of-the-test'
    path.write_text(f'#!/bin/sh\n{text}\n')
    path.chmod(0o755)
    return path


def test_a_python_without_onnxruntime_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = a_python(tmp_path, f'exec {sys.executable} -S "$@"')
    monkeypatch.setenv('PARKING_MONITOR_PYTHON', str(bare))
    eim = an_eim_of('yolox_1_class', tmp_path)
    with pytest.raises(ModelError, match=r'needs numpy and onnxruntime .* set PARKING_MONITOR_PYTHON'):
        Detector(eim).start()


def test_the_python_of_the_environment_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = a_python(tmp_path, f'echo chosen >&2; exec {sys.executable} "$@"')
    monkeypatch.setenv('PARKING_MONITOR_PYTHON', str(chosen))
    eim = an_eim_of('yolox_1_class', tmp_path, Options(python='/nowhere/python'))
    ran = subprocess.run([str(eim), '--print-info'], capture_output=True, text=True, check=True)
    assert ran.stderr == 'chosen\n'


def test_a_model_made_elsewhere_runs_with_our_own_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv('PARKING_MONITOR_PYTHON', raising=False)
    monkeypatch.setenv('PATH', '/nowhere')
    eim = an_eim_of('yolox_1_class', tmp_path, Options(python='/nowhere/python'))
    assert len(found_by(eim)) == 1


def test_a_machine_without_python_is_told_so(tmp_path: Path) -> None:
    eim = an_eim_of('yolox_1_class', tmp_path, Options(python='/nowhere/python'))
    ran = subprocess.run(
        [str(eim), '--print-info'], capture_output=True, text=True, check=False, env={'PATH': '/nowhere'}
    )
    assert ran.returncode == 127
    assert 'no Python is found; set PARKING_MONITOR_PYTHON' in ran.stderr


def test_the_program_imports_nothing_of_this_package(tmp_path: Path) -> None:
    """The file has to run on a machine that has NumPy and ONNX Runtime alone."""
    runtime = Path(cli.__file__).with_name('runtime')
    for source in runtime.glob('*.py'):
        assert 'parking_monitor.' not in source.read_text().replace('PARKING_MONITOR_PYTHON', '')
    eim = an_eim_of('yolox_1_class', tmp_path)
    assert len(found_by(eim)) == 1


def test_two_writers_of_the_same_file_never_hand_out_half_of_it(tmp_path: Path) -> None:
    whole = an_eim_of('centre_rgb', tmp_path).read_bytes()
    output = tmp_path / 'shared.eim'
    with ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(write_eim, FIXTURES / 'centre_rgb.onnx', output) for _ in range(8)]
        while not all(writer.done() for writer in writers):
            if output.exists():
                assert len(output.read_bytes()) == len(whole)
        for writer in writers:
            writer.result()
    assert sorted(path.name for path in tmp_path.iterdir()) == ['centre_rgb.eim', 'shared.eim']
