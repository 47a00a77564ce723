from pathlib import Path

import pytest

from parking_monitor.cloud.shadow_file import FILE_NAME, Kept, Loaded, ShadowFileError, load, save

KEPT = Kept(version=7, settings={'interval_s': 60}, fallbacks={'model': None})


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / 'state' / FILE_NAME
    save(path, 'garage', KEPT)
    assert load(path, 'garage') == Loaded(KEPT)
    assert [file.name for file in path.parent.iterdir()] == [FILE_NAME]


def test_where_there_is_no_file_there_is_nothing_yet(tmp_path: Path) -> None:
    assert load(tmp_path / FILE_NAME, 'garage') == Loaded(Kept())


@pytest.mark.parametrize(
    ('content', 'problem'),
    [
        (b'', 'is damaged: not JSON'),
        (b'\xff\x00', 'is damaged: not JSON'),
        (b'[' * 50_000, 'is damaged: not JSON'),
        (b'{}', 'is not of the format parking.cloud-settings/1'),
        (
            b'{"format": "parking.cloud-settings/1", "thing": "other"}',
            "is of thing 'other', and not 'garage'",
        ),
        (b'{"format": "parking.cloud-settings/1", "thing": "garage", "settings": 1}', 'it has no settings'),
        (b' ' * 70_000, 'has more than 65536 bytes'),
    ],
)
def test_a_file_that_cannot_be_used_is_told_and_replaced_by_the_next_settings(
    tmp_path: Path, content: bytes, problem: str
) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(content)
    loaded = load(path, 'garage')
    assert loaded.kept == Kept()
    assert problem in loaded.problem
    assert 'the settings of fleet.yaml hold' in loaded.problem
    save(path, 'garage', KEPT)
    assert load(path, 'garage') == Loaded(KEPT)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / 'place').touch()
    with pytest.raises(ShadowFileError, match=r'cloud-settings\.json cannot be written.*make room'):
        save(tmp_path / 'place' / FILE_NAME, 'garage', KEPT)
