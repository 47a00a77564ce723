import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from demo.identity import CertificateAuthority
from provisioning.errors import FolderError
from provisioning.identity_folder import CertificateRef, IdentityFolder
from provisioning.keys import KeyKind, belongs, make_private_key, signing_request
from provisioning.safe_files import locked, write_file


@pytest.fixture
def folder(tmp_path: Path) -> IdentityFolder:
    return filled(IdentityFolder(tmp_path / 'certs' / 'garage-1'), tmp_path / 'one')


def filled(folder: IdentityFolder, scratch: Path, name: str = 'a') -> IdentityFolder:
    identity = CertificateAuthority().client(scratch, 'garage-1')
    folder.write_key(identity.private_key.read_bytes())
    folder.write_certificate(CertificateRef(name, f'arn/{name}'), identity.certificate.read_text())
    return folder


def test_a_folder_and_its_key_are_for_the_owner_alone(folder: IdentityFolder) -> None:
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.private_key.stat().st_mode) == 0o600


def test_what_was_written_is_read_back(folder: IdentityFolder) -> None:
    assert folder.read_ref() == CertificateRef('a', 'arn/a')


def test_a_key_of_another_certificate_is_noticed(folder: IdentityFolder) -> None:
    folder.write_key(make_private_key(KeyKind.EC))
    with pytest.raises(FolderError, match='do not belong together') as told:
        folder.read_ref()
    assert 'PRIVATE' not in str(told.value)


def test_a_damaged_record_is_told(folder: IdentityFolder) -> None:
    (folder.path / 'certificate.json').write_text('{')
    with pytest.raises(FolderError, match='is damaged'):
        folder.read_ref()


def test_the_next_identity_takes_the_place_of_this_one(folder: IdentityFolder, tmp_path: Path) -> None:
    new = filled(folder.next, tmp_path / 'two', 'b').private_key.read_bytes()
    folder.promote_next()
    assert folder.read_ref().id == 'b'
    assert folder.read_key() == new
    assert not folder.next.path.exists()


@pytest.mark.parametrize('moved', [1, 2])
def test_a_promotion_cut_off_is_finished(folder: IdentityFolder, tmp_path: Path, moved: int) -> None:
    filled(folder.next, tmp_path / 'two', 'b')
    for name in ('private.pem.key', 'certificate.json')[:moved]:
        (folder.next.path / name).replace(folder.path / name)
    assert folder.is_half_promoted()
    folder.finish_promotion()
    assert folder.read_ref().id == 'b'
    assert not folder.is_half_promoted()


def test_files_of_others_survive_the_removal(folder: IdentityFolder) -> None:
    (folder.path / 'notes.txt').write_text('behind the third pillar')
    folder.remove()
    assert [path.name for path in folder.path.iterdir()] == ['notes.txt']


def test_a_file_is_replaced_whole_with_its_mode_from_the_start(tmp_path: Path) -> None:
    path = tmp_path / 'secret'
    path.write_text('old')
    path.chmod(0o644)
    write_file(path, b'new')
    assert path.read_bytes() == b'new'
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_second_process_gives_up_in_the_end(tmp_path: Path) -> None:
    with (
        locked(tmp_path),
        pytest.raises(FolderError, match='another parking-provision'),
        locked(tmp_path, 0.2),
    ):
        raise AssertionError


@pytest.mark.parametrize('kind', list(KeyKind))
def test_a_signing_request_holds_the_public_key_alone(kind: KeyKind) -> None:
    key = make_private_key(kind)
    request = signing_request(key, 'x' * 128)
    assert 'PRIVATE' not in request
    assert 'CERTIFICATE REQUEST' in request
    assert not belongs(CertificateAuthority()._certificate.public_bytes(Encoding.PEM), key)
