from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from parking_monitor.detection.errors import ModelAnswerError
from parking_monitor.detection.shared_memory import announced, attach, remove


@pytest.fixture
def segment() -> Iterator[Path]:
    path = Path('/dev/shm') / f'shm-test-{uuid4().hex}'
    path.write_bytes(bytes(16))
    yield path
    path.unlink(missing_ok=True)


@pytest.mark.parametrize('slash', ['', '/'])
def test_what_is_written_arrives(segment: Path, slash: str) -> None:
    features = attach(slash + segment.name, 4)
    features[:] = [1, 2, 3, 16777215]
    assert np.frombuffer(segment.read_bytes(), np.float32).tolist() == [1, 2, 3, 16777215]


def test_a_segment_that_is_too_small_is_refused(segment: Path) -> None:
    with pytest.raises(ModelAnswerError, match='5 float32 cannot be mapped'):
        attach(segment.name, 5)


def test_a_segment_that_is_absent_is_refused() -> None:
    with pytest.raises(ModelAnswerError, match='cannot be mapped'):
        attach(f'shm-test-{uuid4().hex}', 4)


@pytest.mark.parametrize('name', ['', '/', '..', '/../etc/passwd', 'a/b', 'a b', '/.hidden'])
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(ModelAnswerError, match='not a plain name'):
        attach(name, 4)
    assert not remove(name)


def test_a_segment_is_removed_once(segment: Path) -> None:
    assert remove('/' + segment.name)
    assert not segment.exists()
    assert not remove('/' + segment.name)


def test_all_announced_segments_are_found_whatever_else_a_hello_says() -> None:
    hello = {
        'features_shm': {'name': '/shm-in', 'type': 'nonsense'},
        'freeform_output_shm': [{'name': '/shm-out', 'index': 0}, {'name': '../x'}, {'name': 7}, 'no'],
    }
    assert announced(hello) == ('/shm-in', '/shm-out')


@pytest.mark.parametrize('hello', [None, [], {}, {'features_shm': 'x', 'freeform_output_shm': 'y'}])
def test_a_hello_without_segments_announces_none(hello: object) -> None:
    assert announced(hello) == ()
