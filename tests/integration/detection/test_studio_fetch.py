"""From a build in Studio to a model that counts, or to the reason why it does not."""

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from parking_monitor.detection.detector import Detector
from parking_monitor.detection.onnx_eim.writer import Options, write_eim
from parking_monitor.detection.studio.api import StudioApi
from parking_monitor.detection.studio.download import DownloadLimits
from parking_monitor.detection.studio.errors import (
    DiskFullError,
    NoBuildError,
    NoProjectError,
    StoppedError,
    StoreError,
    StudioError,
    StudioUnreachableError,
    UnfitModelError,
)
from parking_monitor.values import Frame
from tests.integration.detection.studio import HERE, Device, a_model, api_of
from tests.support.elf import AARCH64, X86_64, elf
from tests.support.models import Script
from tests.support.patience import PATIENCE_S
from tests.support.studio_api import FakeStudio

FIXTURES = Path(__file__).with_name('fixtures')
OTHER_PROCESSOR = elf(AARCH64 if os.uname().machine == 'x86_64' else X86_64)


@pytest.fixture
def studio() -> Iterator[FakeStudio]:
    with FakeStudio() as studio:
        yield studio


@pytest.fixture
def api(studio: FakeStudio) -> Iterator[StudioApi]:
    with api_of(studio) as api:
        yield api


@pytest.fixture
def device(api: StudioApi, tmp_path: Path) -> Device:
    return Device(api, tmp_path)


def build(studio: FakeStudio, content: bytes, version: int = 1, project: int = 7) -> None:
    studio.build(content, version, HERE.type, project)


def left(device: Device) -> list[str]:
    return sorted(path.name for path in device.store.folder.iterdir() if not path.name.startswith('.'))


def test_the_newest_model_is_fetched_tried_out_and_counts(
    studio: FakeStudio, device: Device, tmp_path: Path
) -> None:
    eim = tmp_path / 'built.eim'
    write_eim(FIXTURES / 'yolox_1_class.onnx', eim, Options(name='lot', version='3'))
    build(studio, b'an older one', 2)
    build(studio, eim.read_bytes(), 3)
    look = device.fetcher.look()
    assert (str(look.newest), look.is_taken, str(device.store.best)) == ('lot 3', True, 'lot 3')
    assert left(device) == ['lot-v3.eim', 'studio.json']
    with Detector(device.store.folder / 'lot-v3.eim') as detector:
        picture = np.zeros((48, 64, 3), np.uint8)
        assert detector.detect(Frame(stamp_ns=1, width=64, height=48, image=picture)).model_version == '3'
    assert device.said[0].startswith(f'downloading model lot 3 for {os.uname().machine}: ')
    assert device.said[-1] == f'stored model lot 3 in {device.store.folder / "lot-v3.eim"}'


def test_a_model_that_counts_already_is_not_fetched_again(
    studio: FakeStudio, device: Device, tmp_path: Path
) -> None:
    build(studio, a_model(tmp_path))
    assert device.fetcher.look().is_taken
    assert not device.fetcher.look().is_taken
    assert len(studio.downloads) == 1


@pytest.mark.parametrize(
    ('content', 'expected'),
    [
        (OTHER_PROCESSOR, 'it is built for'),
        (elf(X86_64 if os.uname().machine == 'x86_64' else AARCH64)[:2000], 'it is cut off'),
        (elf(X86_64 if os.uname().machine == 'x86_64' else AARCH64), 'it gives no --print-info'),
        (b'{"no": "model"}', 'it is no program for Linux'),
        (b'#!/nowhere/sh\n', 'it cannot be started'),
        (b'#!/bin/sh\necho "{}"\n', 'it is not a model for pictures'),
    ],
)
def test_what_is_no_model_for_this_machine_is_refused_and_not_fetched_again(
    studio: FakeStudio, device: Device, content: bytes, expected: str
) -> None:
    build(studio, content, 2)
    with pytest.raises(UnfitModelError, match=f'^model lot 2 is not taken: {expected}.*; build a newer one$'):
        device.fetcher.look()
    look = device.fetcher.look()
    assert (str(look.newest), look.refused[: len(expected)]) == ('lot 2', expected)
    assert len(studio.downloads) == 1
    assert left(device) == ['studio.json']


def test_the_model_before_stays_until_a_newer_one_runs(
    studio: FakeStudio, device: Device, tmp_path: Path
) -> None:
    for version, content in enumerate((a_model(tmp_path), OTHER_PROCESSOR, a_model(tmp_path, 3)), 1):
        build(studio, content, version)
        if version == 2:
            with pytest.raises(UnfitModelError, match='lot 2 is not taken: it is built for'):
                device.fetcher.look()
            assert str(device.store.best) == 'lot 1'
        else:
            assert device.fetcher.look().is_taken
            assert str(device.store.best) == f'lot {version}'
    assert left(device) == ['lot-v1.eim', 'lot-v3.eim', 'studio.json']


@pytest.mark.parametrize(
    'script', [Script(exit_at_start=3, output='no such kernel'), Script(die_on_classify=1)]
)
def test_a_model_that_says_what_it_is_and_does_not_run_is_refused(
    studio: FakeStudio, device: Device, tmp_path: Path, script: Script
) -> None:
    content = a_model(tmp_path, script=script)
    build(studio, content)
    with pytest.raises(UnfitModelError, match='lot 1 is not taken: it'):
        device.fetcher.look()
    assert device.store.best is None


@pytest.mark.parametrize(('ranges', 'tags'), [(True, True), (True, False), (False, True)])
def test_a_download_that_is_cut_goes_on_where_it_can_and_begins_again_where_not(
    studio: FakeStudio, device: Device, tmp_path: Path, ranges: bool, tags: bool
) -> None:
    content = a_model(tmp_path)
    build(studio, content)
    studio.ranges, studio.tags = ranges, tags
    studio.cuts.extend([40_000, 30_000])
    assert device.fetcher.look().is_taken
    assert device.store.path_of(device.store.state.current).read_bytes() == content  # type: ignore[arg-type]
    begun = [request.headers.get('range', '') for request in studio.downloads]
    second = 'bytes=70000-' if ranges else 'bytes=30000-'
    assert begun == ['', 'bytes=40000-', second]


def test_what_a_former_process_has_fetched_is_gone_on_with(
    studio: FakeStudio, api: StudioApi, tmp_path: Path
) -> None:
    build(studio, a_model(tmp_path))
    studio.cuts.extend([50_000, 0, 0, 0])
    with pytest.raises(StudioUnreachableError, match='the download was cut'):
        Device(api, tmp_path).fetcher.look()
    assert Device(api, tmp_path).fetcher.look().is_taken
    assert studio.downloads[-1].headers['range'] == 'bytes=50000-'


def test_a_part_of_another_content_is_not_gone_on_with(
    studio: FakeStudio, api: StudioApi, tmp_path: Path
) -> None:
    build(studio, a_model(tmp_path) + b'old')
    studio.cuts.extend([50_000, 0, 0, 0])
    with pytest.raises(StudioUnreachableError):
        Device(api, tmp_path).fetcher.look()
    studio.builds[7].clear()
    build(studio, a_model(tmp_path))
    device = Device(api, tmp_path)
    assert device.fetcher.look().is_taken
    assert (device.store.folder / 'lot-v1.eim').read_bytes() == a_model(tmp_path)


def test_a_damaged_part_of_a_former_process_is_fetched_again_before_the_model_is_blamed(
    studio: FakeStudio, api: StudioApi, tmp_path: Path
) -> None:
    build(studio, a_model(tmp_path))
    studio.cuts.extend([50_000, 0, 0, 0])
    with pytest.raises(StudioUnreachableError):
        Device(api, tmp_path).fetcher.look()
    device = Device(api, tmp_path)
    (part,) = device.store.folder.glob('*.part')
    part.write_bytes(bytes(50_000))  # what a power cut may leave
    assert device.fetcher.look().is_taken


def test_a_model_without_a_length_is_taken_too(studio: FakeStudio, device: Device, tmp_path: Path) -> None:
    build(studio, a_model(tmp_path))
    studio.lengths = False
    assert device.fetcher.look().is_taken


@pytest.mark.parametrize('lengths', [True, False])
def test_a_model_that_is_too_large_is_not_taken(
    studio: FakeStudio, api: StudioApi, tmp_path: Path, lengths: bool
) -> None:
    build(studio, a_model(tmp_path))
    studio.lengths = lengths
    device = Device(api, tmp_path, limits=DownloadLimits(most_bytes=50_000, reserve_bytes=0))
    with pytest.raises(UnfitModelError, match='it has more than 49 kB'):
        device.fetcher.look()
    assert left(device) == ['studio.json']


def test_a_disk_without_room_is_told_before_the_download(
    studio: FakeStudio, api: StudioApi, tmp_path: Path
) -> None:
    build(studio, a_model(tmp_path))
    free = shutil.disk_usage(tmp_path).free
    device = Device(api, tmp_path, limits=DownloadLimits(reserve_bytes=free + 10**9))
    with pytest.raises(DiskFullError, match=r'MB are needed and .* free at .*; make room'):
        device.fetcher.look()
    assert left(device) == []
    assert not device.store.state.refused


def test_a_folder_that_cannot_be_written_is_told(studio: FakeStudio, api: StudioApi, tmp_path: Path) -> None:
    build(studio, a_model(tmp_path))
    (tmp_path / 'studio').touch()
    with pytest.raises(StoreError, match='cannot be written'):
        Device(api, tmp_path).fetcher.look()


def test_a_slow_download_misses_its_deadline_and_a_stopped_one_ends(
    studio: FakeStudio, api: StudioApi, tmp_path: Path
) -> None:
    build(studio, a_model(tmp_path))
    studio.piece_s = 0.1
    late = Device(api, tmp_path, limits=DownloadLimits(deadline_s=0.15, reserve_bytes=0))
    with pytest.raises(StudioUnreachableError, match=r'longer than 0\.15 s'):
        late.fetcher.look()
    studio.piece_s = PATIENCE_S
    device = Device(api, tmp_path)
    seen: list[BaseException] = []

    def look() -> None:
        try:
            device.fetcher.look()
        except StudioError as error:
            seen.append(error)

    looking = threading.Thread(target=look)
    looking.start()
    studio.wait_until(lambda: len(studio.downloads) == 2)
    device.stopped.set()
    studio.hang_up()
    looking.join(PATIENCE_S)
    assert [type(error) for error in seen] == [StoppedError]


def test_a_check_can_be_stopped(studio: FakeStudio, device: Device, tmp_path: Path) -> None:
    build(studio, a_model(tmp_path))
    device.check.stop()
    with pytest.raises(StoppedError):
        device.fetcher.look()
    assert not device.store.state.refused


def test_the_project_is_the_only_one_or_the_one_that_is_named(
    studio: FakeStudio, api: StudioApi, tmp_path: Path
) -> None:
    studio.projects = {7: 'lot', 9: 'Mithun / lot \u2116 2'}
    build(studio, a_model(tmp_path), project=9)
    with pytest.raises(
        NoProjectError, match=r'2 projects; name one as studio.project .*: they are lot \(7\)'
    ):
        Device(api, tmp_path).fetcher.look()
    with pytest.raises(NoProjectError, match=r'opens no project park; projects are lot \(7\), Mithun'):
        Device(api, tmp_path, 'park').fetcher.look()
    for name in ('9', 'Mithun / lot \u2116 2', 'Mithun - lot - 2'):
        device = Device(api, tmp_path, name)
        assert str(device.fetcher.look().newest) == 'Mithun - lot - 2 1'
    studio.projects = {}
    with pytest.raises(NoProjectError, match='opens no project; make a project'):
        Device(api, tmp_path).fetcher.look()


def test_a_version_is_fetched_by_name_once_and_does_not_count_by_that(
    studio: FakeStudio, device: Device, tmp_path: Path
) -> None:
    build(studio, a_model(tmp_path, 1), 1)
    build(studio, a_model(tmp_path, 2), 2)
    for _ in range(2):
        assert device.fetcher.fetch('lot', '1') == device.store.folder / 'lot-v1.eim'
    assert len(studio.downloads) == 1
    assert device.store.best is None
    assert [str(one) for one in device.store.state.asked] == ['lot 1']
    device.fetcher.look()
    assert left(device) == ['lot-v1.eim', 'lot-v2.eim', 'studio.json']


@pytest.mark.parametrize(
    ('name', 'version', 'expected'),
    [
        ('lot', '9', r'no version 9 for this processor, .*; versions are 2, 1$'),
        ('lot', '3', r'no version 3 for this processor'),
        ('lot', 'v1', 'no version v1'),
        ('park', '1', 'opens no project park'),
    ],
)
def test_a_version_that_is_not_there_is_told_with_those_that_are(
    studio: FakeStudio, device: Device, name: str, version: str, expected: str
) -> None:
    build(studio, b'', 1)
    build(studio, b'', 2)
    studio.build(b'', 3, 'arduino')
    with pytest.raises((NoBuildError, NoProjectError), match=expected):
        device.fetcher.fetch(name, version)
