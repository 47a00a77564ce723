from pathlib import Path

import pytest

from parking_monitor.detection.errors import ModelFileError
from parking_monitor.detection.model_store import StoredModel, find_model, list_models, model_of


@pytest.mark.parametrize(
    ('file', 'name', 'version'),
    [
        ('lot-v3.eim', 'lot', '3'),
        ('north-lot-linux-aarch64-v12.eim', 'north-lot', '12'),
        ('lot-v1-v2.eim', 'lot-v1', '2'),
        ('My lot-v2024.1.eim', 'My lot', '2024.1'),
        ('/srv/models/lot-v3.EIM', 'lot', '3'),
        ('default', 'default', ''),
        ('/srv/own.onnx', 'own', ''),
    ],
)
def test_a_file_name_says_name_and_version(file: str, name: str, version: str) -> None:
    assert model_of(file) == StoredModel(name, version)


def test_a_model_is_found_by_name_and_version(tmp_path: Path) -> None:
    for name in ('lot-v1.eim', 'lot-linux-aarch64-v2.eim', 'notes.txt', 'lot.eim'):
        (tmp_path / name).touch()
    assert find_model(tmp_path, 'lot', '2') == tmp_path / 'lot-linux-aarch64-v2.eim'
    assert list(list_models(tmp_path)) == [StoredModel('lot', '2'), StoredModel('lot', '1')]


def test_a_model_that_is_missing_is_refused_with_what_is_there(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f'lot-v{number}.eim').touch()
    with pytest.raises(
        ModelFileError, match=r'model lot 99 is not in .*; there are lot 0, lot 1.* and 4 more'
    ):
        find_model(tmp_path, 'lot', '99')


def test_a_folder_that_is_missing_has_no_models(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r'there is none; files are named <name>-v<version>\.eim'):
        find_model(tmp_path / 'models', 'lot', '1')


def test_a_model_that_is_there_twice_is_not_chosen(tmp_path: Path) -> None:
    for name in ('lot-v1.eim', 'lot-linux-aarch64-v1.eim'):
        (tmp_path / name).touch()
    with pytest.raises(ModelFileError, match=r'more than once, as lot-linux-aarch64-v1\.eim, lot-v1\.eim'):
        find_model(tmp_path, 'lot', '1')


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / 'models').touch()
    with pytest.raises(ModelFileError, match='Not a directory'):
        list_models(tmp_path / 'models')
