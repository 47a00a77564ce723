"""The client against a service that checks each request as documented, and fails as networks do."""

import logging
import socket
import traceback

import pytest
from pydantic import SecretStr

from parking_monitor.cloud.errors import (
    IngestionBusyError,
    IngestionError,
    IngestionKeyError,
    IngestionRefusedError,
)
from parking_monitor.cloud.ingestion import MAX_UPLOAD_BYTES, IngestionClient
from parking_monitor.cloud.sample import Category, LabelledBox, Reason
from tests.support.ingestion_api import KEY, Failure, IngestionApi
from tests.unit.cloud.sample_builders import a_picture, a_sample

PICTURE = a_picture()
SAMPLE = a_sample(PICTURE)


def client_of(api: IngestionApi, key: str = KEY, **options: str) -> IngestionClient:
    return IngestionClient(SecretStr(key), base_url=api.base_url, **options)  # type: ignore[arg-type]  # by name


def test_a_picture_goes_to_its_set_with_labels_and_what_is_known_of_it() -> None:
    sample = a_sample(
        PICTURE,
        Reason.LOW_CONFIDENCE,
        category=Category.TESTING,
        boxes=(LabelledBox('Pkw ü', 1, 2, 30, 40),),
        model='lot 3',
    )
    with IngestionApi() as api, client_of(api) as client:
        assert client.upload(sample, PICTURE)
        (stored,) = api.stored
    assert (stored.category, stored.name, stored.jpeg) == ('testing', sample.name, PICTURE)
    assert stored.boxes == [{'label': 'Pkw ü', 'x': 1, 'y': 2, 'width': 30, 'height': 40}]
    assert stored.metadata == sample.metadata
    assert not api.problems


def test_without_suggestions_a_picture_comes_into_the_labelling_queue() -> None:
    with IngestionApi() as api, client_of(api) as client:
        assert client.upload(SAMPLE, PICTURE)
    assert (api.stored[0].boxes, api.stored[0].label) == (None, '')


def test_a_label_of_the_whole_picture_may_have_any_letters() -> None:
    with IngestionApi() as api, client_of(api, label='Hof / früh') as client:
        client.upload(SAMPLE, PICTURE)
    assert api.stored[0].label == 'Hof / früh'


def test_a_picture_that_is_there_already_is_told_apart_and_not_stored_again() -> None:
    with IngestionApi() as api, client_of(api) as client:
        assert [client.upload(SAMPLE, PICTURE) for _ in range(3)] == [True, False, False]
        assert len(api.stored) == 1


@pytest.mark.parametrize(
    ('failure', 'kind', 'words'),
    [
        (Failure(403, b'no access'), IngestionKeyError, '403: no access; check EI_API_KEY_IMAGE'),
        (Failure(400, b'bad'), IngestionRefusedError, 'Edge Impulse answered 400: bad'),
        (Failure(413), IngestionRefusedError, '413: nothing'),
        (Failure(422, b'{"error": "no x-file-name"}'), IngestionRefusedError, '422: no x-file-name'),
        (Failure(404, b'Not Found'), IngestionError, '404: Not Found; it is tried again'),
        (Failure(500, b'\x00oops\n'), IngestionError, '500:  oops ; it is tried again'),
        (Failure(302), IngestionError, '302: nothing; it is tried again'),
        (Failure(200, b'<html>log in to the Wi-Fi</html>'), IngestionError, 'log in to the Wi-Fi'),
        (Failure(200, b'{"success": true}'), IngestionError, 'not that it has the picture'),
        (Failure(200, b'{"success": true, "files": []}'), IngestionError, 'not that it has the picture'),
        (Failure(200, b'{"success": false, "error": "full"}'), IngestionError, 'answered full'),
        (
            Failure(200, b'{"success": true, "files": [{"success": false, "error": "no image"}]}'),
            IngestionRefusedError,
            'does not take it: no image',
        ),
        (Failure(200, b'{"success": true, "files": [3]}'), IngestionRefusedError, 'does not take it'),
        (Failure(), IngestionError, r'was not reached \(RemoteProtocolError\); check the network'),
    ],
)
def test_each_failure_says_whether_it_is_worth_another_try(
    failure: Failure, kind: type[IngestionError], words: str
) -> None:
    with IngestionApi() as api, client_of(api) as client:
        api.failures.append(failure)
        with pytest.raises(IngestionError, match=words) as caught:
            client.upload(SAMPLE, PICTURE)
        assert type(caught.value) is kind


@pytest.mark.parametrize(
    ('headers', 'wait_s'),
    [
        ({'Retry-After': '7'}, 7),
        ({}, 60),
        ({'Retry-After': 'Wed, 21 Oct'}, 60),
        ({'Retry-After': '9e9'}, 86_400),
    ],
)
def test_a_service_that_has_enough_says_for_how_long(headers: dict[str, str], wait_s: float) -> None:
    with IngestionApi() as api, client_of(api) as client:
        api.failures.append(Failure(429, b'too many', headers))
        with pytest.raises(IngestionBusyError) as caught:
            client.upload(SAMPLE, PICTURE)
    assert caught.value.retry_after_s == wait_s


def test_a_service_that_does_not_answer_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('parking_monitor.cloud.ingestion.STEP_TIMEOUT_S', 0.2)
    with IngestionApi() as api, client_of(api) as client:
        api.failures.append(Failure(waits=True))
        with pytest.raises(IngestionError, match='ReadTimeout'):
            client.upload(SAMPLE, PICTURE)


def test_nobody_there_is_told() -> None:
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        url = f'http://127.0.0.1:{free.getsockname()[1]}'
        with (
            IngestionClient(SecretStr(KEY), base_url=url) as client,
            pytest.raises(IngestionError, match='ConnectError'),
        ):
            client.upload(SAMPLE, PICTURE)


def test_an_upload_that_takes_too_long_ends() -> None:
    with (
        IngestionApi() as api,
        IngestionClient(SecretStr(KEY), base_url=api.base_url, deadline_s=-1) as client,
        pytest.raises(IngestionError, match='WriteTimeout'),
    ):
        client.upload(SAMPLE, PICTURE)


def test_what_is_too_large_for_the_service_is_not_sent() -> None:
    with IngestionApi() as api, client_of(api) as client:
        with pytest.raises(IngestionRefusedError, match='over the 100000000 of Edge Impulse'):
            client.upload(SAMPLE, bytes(MAX_UPLOAD_BYTES))
        assert api.requests == 0


def test_a_key_that_cannot_be_one_is_refused_and_not_repeated() -> None:
    for key in ('', 'secret\nkey', 'Bearer ei_1234 x'):
        with pytest.raises(ValueError, match='EI_API_KEY_IMAGE is not an API key') as caught:
            IngestionClient(SecretStr(key))
        assert not key or key not in str(caught.value)


def test_the_key_is_in_no_error_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    other = 'ei_ffffffffffffffffffffffffffffffff'
    with IngestionApi() as api, client_of(api, other) as client:
        api.failures += [
            Failure(500, f'{other} is wrong'.encode()),
            Failure(200, f'{{"success": false, "error": "{other}"}}'.encode()),
            Failure(),
        ]
        texts = [repr(client)]
        for _ in range(4):
            with pytest.raises(IngestionError) as caught:
                client.upload(SAMPLE, PICTURE)
            texts += traceback.format_exception(caught.value)
            assert caught.value.__context__ is None
    assert 'Invalid API key; check EI_API_KEY_IMAGE' in texts[-1]
    assert other not in '\n'.join(texts)
    assert other not in caplog.text
