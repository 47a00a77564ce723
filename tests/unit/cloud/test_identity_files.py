import contextlib
import datetime as dt
import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from demo.identity import CertificateAuthority, Identity
from parking_monitor.cloud.errors import CertificateExpiredError, IdentityFileError, InvalidNameError
from parking_monitor.cloud.identity_files import certificate_life, check_identity, expiry_warning
from parking_monitor.cloud.mqtt_settings import MqttSettings, MqttTiming
from tests.unit.cloud.builders import all_texts

NOW = dt.datetime.now(dt.UTC)
NOBODY = 65_534


def settings_of(identity: Identity) -> MqttSettings:
    return MqttSettings(
        endpoint='localhost',
        thing=identity.name,
        certificate=identity.certificate,
        private_key=identity.private_key,
        ca=identity.ca,
    )


@contextlib.contextmanager
def without_rights_of_root() -> Iterator[None]:
    """Let root, who may read every file, be somebody else for a while."""
    user = os.geteuid()
    os.seteuid(user or NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.fixture
def settings(tmp_path: Path) -> MqttSettings:
    return settings_of(CertificateAuthority().client(tmp_path / 'garage', 'garage'))


def test_a_whole_identity_passes(settings: MqttSettings) -> None:
    check_identity(settings, NOW)


@pytest.mark.parametrize(
    ('field', 'advice'),
    [('certificate', 'certificate.pem.crt'), ('private_key', 'private.pem.key'), ('ca', 'Amazon Root CA 1')],
)
def test_a_missing_file_is_named_with_its_setting_and_what_to_do(
    settings: MqttSettings, field: str, advice: str
) -> None:
    path = getattr(settings, field)
    path.unlink()

    with pytest.raises(IdentityFileError) as refused:
        check_identity(settings, NOW)

    assert (refused.value.field, refused.value.path) == (field, path)
    assert str(refused.value).startswith(f'cloud.{field}: {path} does not exist; put ')
    assert advice in str(refused.value)


@pytest.mark.parametrize('field', ['certificate', 'private_key', 'ca'])
@pytest.mark.parametrize(
    ('content', 'problem'), [(b'', 'is empty'), (b'hello', 'is not a PEM'), (b'\xff\xfe\0', 'is not a PEM')]
)
def test_a_file_that_is_something_else_is_named(
    settings: MqttSettings, field: str, content: bytes, problem: str
) -> None:
    getattr(settings, field).write_bytes(content)

    with pytest.raises(IdentityFileError, match=rf'cloud\.{field}: .* {problem}'):
        check_identity(settings, NOW)


def test_a_folder_in_the_place_of_a_file_is_named(settings: MqttSettings, tmp_path: Path) -> None:
    with pytest.raises(IdentityFileError, match='is a folder'):
        check_identity(replace(settings, ca=tmp_path), NOW)


def test_a_file_that_may_not_be_read_is_named(
    settings: MqttSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / 'garage'
    folder.chmod(0o755)
    # By its name alone: others may not go through the folders above.
    monkeypatch.chdir(folder)
    settings.certificate.chmod(0o644)
    settings.private_key.chmod(0)
    named = replace(
        settings, certificate=Path(settings.certificate.name), private_key=Path(settings.private_key.name)
    )

    with without_rights_of_root(), pytest.raises(IdentityFileError, match=r'private_key: .* may not be read'):
        check_identity(named, NOW)


def test_a_key_with_a_passphrase_is_refused(settings: MqttSettings) -> None:
    key = load_pem_private_key(settings.private_key.read_bytes(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b'secret'))
    settings.private_key.write_bytes(locked)

    with pytest.raises(IdentityFileError, match='passphrase'):
        check_identity(settings, NOW)


def test_a_key_of_another_certificate_is_told_apart(settings: MqttSettings, tmp_path: Path) -> None:
    other = CertificateAuthority().client(tmp_path / 'other', 'other')

    with pytest.raises(IdentityFileError, match='does not belong to the certificate'):
        check_identity(replace(settings, private_key=other.private_key), NOW)


def test_an_expired_certificate_is_told_with_its_day(tmp_path: Path) -> None:
    expired = settings_of(CertificateAuthority().expired_client(tmp_path / 'old', 'old'))
    day = NOW - dt.timedelta(days=1)

    with pytest.raises(CertificateExpiredError, match=rf'expired on {day:%Y-%m-%d}.*new certificate'):
        check_identity(expired, NOW)


def test_no_error_shows_the_key(settings: MqttSettings) -> None:
    head, *secret_lines, tail = settings.private_key.read_text().splitlines()
    settings.private_key.write_text('\n'.join([head, *secret_lines, '!', tail]))

    with pytest.raises(IdentityFileError) as refused:
        check_identity(settings, NOW)

    texts = all_texts(refused.value)
    assert texts
    assert not any(line in text for line in secret_lines for text in texts)


def test_only_its_owner_can_read_a_key_that_the_demo_makes(tmp_path: Path) -> None:
    identity = CertificateAuthority().client(tmp_path / 'things' / 'garage', 'garage')

    assert stat.S_IMODE(identity.private_key.stat().st_mode) == 0o600
    assert stat.S_IMODE(identity.private_key.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ('field', 'value'),
    [
        ('endpoint', ''),
        ('endpoint', 'mqtts://host'),
        ('endpoint', 'host:8883'),
        ('thing', 'two words'),
        ('port', 0),
        ('port', 65536),
    ],
)
def test_settings_that_cannot_work_are_refused_with_the_field(
    settings: MqttSettings, field: str, value: Any
) -> None:
    with pytest.raises(InvalidNameError, match=rf'cloud\.{field}: .* is not allowed'):
        replace(settings, **{field: value})


def test_a_keep_alive_within_the_ping_timeout_is_refused() -> None:
    with pytest.raises(ValueError, match='keep_alive_s 5 is not allowed'):
        MqttTiming(keep_alive_s=5, ping_timeout_s=5.0)


@pytest.mark.parametrize(('days', 'told'), [(29, True), (31, False)])
def test_thirty_days_before_it_expires_a_certificate_is_told(
    settings: MqttSettings, days: int, told: bool
) -> None:
    _, end = certificate_life(settings)

    notice = expiry_warning(settings, end - dt.timedelta(days=days, minutes=1))

    assert bool(notice) is told
    if told:
        assert f'expires on {end:%Y-%m-%d %H:%M} UTC, in {days} days; rotate it before' in notice
        assert str(settings.certificate) in notice
