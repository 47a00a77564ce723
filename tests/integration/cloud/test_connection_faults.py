"""Each thing that can be wrong with an identity or a broker is explained in plain words."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from demo.broker import LocalBroker
from demo.identity import CertificateAuthority, foreign_client
from parking_monitor.cloud.connection_faults import FaultKind
from parking_monitor.cloud.errors import CertificateExpiredError, IdentityFileError
from parking_monitor.cloud.mqtt_session import MqttSession
from parking_monitor.cloud.tls_probe import probe_tls
from tests.integration.cloud.builders import Ear, frozen, settings_for
from tests.integration.cloud.conftest import OpenSession


def test_an_expired_certificate_is_found_before_connecting(broker: LocalBroker, tmp_path: Path) -> None:
    settings = settings_for(broker, broker.authority.expired_client(tmp_path / 'old', 'old'))
    session, ear = MqttSession(settings, uuid='u', is_clock_synced=lambda: True), Ear()
    session.add_listener(ear)

    with pytest.raises(CertificateExpiredError, match='expired on'):
        session.start()

    assert ear.faults[0].kind is FaultKind.CERTIFICATE
    assert 'expired on' in session.statistics.last_fault


def test_a_certificate_that_is_expired_for_the_broker_is_told_apart(
    broker: LocalBroker, tmp_path: Path
) -> None:
    settings = settings_for(broker, broker.authority.expired_client(tmp_path / 'old', 'old'))

    fault = probe_tls(settings)

    assert fault is not None
    assert fault.kind is FaultKind.CERTIFICATE
    assert "expired by the broker's clock" in fault.text


def test_by_a_clock_that_nobody_keeps_an_expired_certificate_is_tried_and_the_broker_decides(
    broker: LocalBroker, tmp_path: Path
) -> None:
    expired = settings_for(broker, broker.authority.expired_client(tmp_path / 'old', 'old'))
    session, ear = MqttSession(expired, uuid='u', is_clock_synced=lambda: False), Ear()
    session.add_listener(ear)
    session.start()

    fault = ear.wait_for_fault()

    session.stop()
    assert fault.kind is FaultKind.CERTIFICATE
    assert "expired by the broker's clock" in fault.text


def test_a_clock_years_ahead_does_not_keep_a_device_with_a_good_certificate_out(
    broker: LocalBroker, thing: str
) -> None:
    session, ear = (
        MqttSession(
            settings_for(broker, thing), uuid='u', now=lambda: years(+5), is_clock_synced=lambda: False
        ),
        Ear(),
    )
    session.add_listener(ear)
    session.start()

    ear.wait_for_connection()
    session.stop()


def test_a_clock_a_year_behind_is_told_apart_from_a_wrong_certificate(
    broker: LocalBroker, tmp_path: Path
) -> None:
    ca = broker.identity('garage').ca
    stranger = settings_for(broker, foreign_client(tmp_path / 'stranger', 'stranger', ca))
    session, ear = MqttSession(stranger, uuid='u', now=lambda: years(-1)), Ear()
    session.add_listener(ear)
    session.start()

    fault = ear.wait_for_fault()

    session.stop()
    assert fault.kind is FaultKind.CLOCK
    assert f"this machine's clock says {years(-1):%Y-%m-%d}" in fault.text
    assert 'certificate was made later' in fault.text


def years(number: int) -> dt.datetime:
    return dt.datetime.now(dt.UTC) + number * dt.timedelta(days=365)


def test_a_missing_file_is_found_before_connecting(broker: LocalBroker, tmp_path: Path) -> None:
    settings = settings_for(broker, 'garage', certificate=tmp_path / 'nowhere.pem')
    session, ear = MqttSession(settings, uuid='u'), Ear()
    session.add_listener(ear)

    with pytest.raises(IdentityFileError, match=r'cloud\.certificate: .*nowhere\.pem does not exist; put '):
        session.start()

    assert str(tmp_path / 'nowhere.pem') in ear.faults[0].text


def test_a_key_of_another_certificate_is_found_before_connecting(broker: LocalBroker) -> None:
    settings = settings_for(broker, 'garage', private_key=broker.identity('other').private_key)

    with pytest.raises(IdentityFileError, match='does not belong to the certificate'):
        MqttSession(settings, uuid='u').start()


def test_after_a_failed_start_the_same_session_starts_when_the_file_has_come(
    broker: LocalBroker, tmp_path: Path
) -> None:
    late = tmp_path / 'late.pem'
    settings = settings_for(broker, 'late-garage', certificate=late)
    session, ear = MqttSession(settings, uuid='u'), Ear()
    session.add_listener(ear)
    with pytest.raises(IdentityFileError):
        session.start()
    late.write_bytes(broker.identity('late-garage').certificate.read_bytes())

    session.start()

    ear.wait_for_connection()
    session.stop()


def test_a_certificate_from_a_stranger_is_told_apart_from_an_expired_one(
    broker: LocalBroker, tmp_path: Path, open_session: OpenSession
) -> None:
    ca = broker.identity('garage').ca
    _, ear = open_session(settings_for(broker, foreign_client(tmp_path / 'stranger', 'stranger', ca)))

    fault = ear.wait_for_fault()

    assert fault.kind is FaultKind.CERTIFICATE
    assert "does not know the authority that signed the device's certificate" in fault.text


def test_a_revoked_certificate_is_told_and_another_device_is_not_harmed(
    own_broker: LocalBroker, open_session: OpenSession
) -> None:
    _, ear = open_session(settings_for(own_broker, 'stolen'))
    ear.wait_for_connection()
    own_broker.revoke('stolen')
    own_broker.restart()

    fault = ear.wait_for_fault(FaultKind.CERTIFICATE)

    assert "the device's certificate was revoked; register the device anew" in fault.text
    _, other = open_session(settings_for(own_broker, 'garage'))
    other.wait_for_connection()


def test_a_broker_that_another_authority_vouches_for_is_not_trusted(
    broker: LocalBroker, tmp_path: Path, open_session: OpenSession
) -> None:
    other_ca = CertificateAuthority().client(tmp_path / 'other', 'x').ca
    session, ear = open_session(settings_for(broker, 'wary', ca=other_ca))

    fault = ear.wait_for_fault()

    assert fault.kind is FaultKind.AUTHORITY
    assert f'{other_ca} does not vouch for' in fault.text
    assert session.statistics.last_fault == fault.text


def test_a_broker_with_another_name_is_not_trusted(tmp_path: Path, open_session: OpenSession) -> None:
    with LocalBroker(tmp_path / 'broker', server_names=('elsewhere.example',)) as elsewhere:
        _, ear = open_session(settings_for(elsewhere, 'garage'))

        fault = ear.wait_for_fault()

    assert fault.kind is FaultKind.SERVER_NAME
    assert "not for the name 'localhost'; correct cloud.endpoint" in fault.text


def test_a_port_where_nothing_listens_is_told(broker: LocalBroker, open_session: OpenSession) -> None:
    _, ear = open_session(settings_for(broker, 'garage', port=1))

    fault = ear.wait_for_fault()

    assert fault.kind is FaultKind.PORT
    assert 'nothing listens at localhost:1;' in fault.text


def test_a_name_without_an_address_is_told(broker: LocalBroker, open_session: OpenSession) -> None:
    _, ear = open_session(settings_for(broker, 'garage', endpoint='no-such-broker.invalid'))

    fault = ear.wait_for_fault()

    assert fault.kind is FaultKind.ADDRESS
    assert "no address was found for 'no-such-broker.invalid'" in fault.text


def test_a_broker_that_does_not_answer_is_told(own_broker: LocalBroker, open_session: OpenSession) -> None:
    with frozen(own_broker):
        _, ear = open_session(settings_for(own_broker, 'garage'))

        assert ear.wait_for_fault().kind is FaultKind.SILENCE


def test_a_good_connection_shows_no_fault(broker: LocalBroker) -> None:
    assert probe_tls(settings_for(broker, 'garage')) is None


def test_no_fault_shows_the_key(broker: LocalBroker, tmp_path: Path, open_session: OpenSession) -> None:
    settings = settings_for(broker, 'garage')
    secret = settings.private_key.read_text().splitlines()[1]
    _, ear = open_session(replace(settings, ca=CertificateAuthority().client(tmp_path / 'o', 'x').ca))

    assert secret not in str(ear.wait_for_fault())
