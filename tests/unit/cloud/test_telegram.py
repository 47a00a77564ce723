import logging
import threading
import time
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from parking_monitor.cloud.errors import TelegramError, TelegramRateLimitError, TelegramRefusedError
from parking_monitor.cloud.telegram import MAX_PHOTO_BYTES, TelegramClient
from tests.support.patience import PATIENCE_S
from tests.unit.cloud.bot_api import BotApi, Sent
from tests.unit.cloud.builders import all_texts

TOKEN = '123456789:AbC-dEf_GhIjKlMnOpQrStUvWxYz0123456'
JPEG = b'\xff\xd8\r\n--\r\n\0' + bytes(range(256)) * 40 + b'\xff\xd9'


def too_many(retry_after_s: object) -> tuple[int, object]:
    return 429, {'ok': False, 'error_code': 429, 'parameters': {'retry_after': retry_after_s}}


@pytest.fixture
def api() -> Iterator[BotApi]:
    with BotApi(TOKEN) as server:
        yield server


@pytest.fixture
def client(api: BotApi) -> Iterator[TelegramClient]:
    with TelegramClient(SecretStr(TOKEN), '42', base_url=api.base_url, deadline_s=5.0) as telegram:
        yield telegram


def test_a_photo_arrives_whole_with_its_caption(api: BotApi, client: TelegramClient) -> None:
    client.send_photo(JPEG, 'lane: 2 cars, Süd')

    assert api.requests == [
        Sent('sendPhoto', {'chat_id': '42', 'caption': 'lane: 2 cars, Süd'}, JPEG, 'photo.jpg', 'image/jpeg')
    ]


def test_a_message_arrives(api: BotApi, client: TelegramClient) -> None:
    client.send_message('lot is full & closed')

    assert api.requests == [Sent('sendMessage', {'chat_id': '42', 'text': 'lot is full & closed'})]


def test_when_telegram_asks_for_patience_the_same_photo_is_sent_later(
    api: BotApi, client: TelegramClient
) -> None:
    api.answers.append(too_many(0.2))
    begin_s = time.monotonic()
    client.send_photo(JPEG, 'x')

    assert time.monotonic() - begin_s >= 0.2
    assert len(api.requests) == 2
    assert api.requests[0] == api.requests[1]


def test_a_wait_beyond_the_deadline_is_handed_to_the_caller(api: BotApi, client: TelegramClient) -> None:
    api.answers.append(too_many(3600))

    with pytest.raises(TelegramRateLimitError, match='3600 s') as limited:
        client.send_message('x')

    assert limited.value.retry_after_s == 3600


def test_a_chat_that_never_has_patience_is_left_alone(api: BotApi, client: TelegramClient) -> None:
    api.answers.extend([too_many(0.01)] * 10)

    with pytest.raises(TelegramRateLimitError):
        client.send_message('x')

    assert len(api.requests) == 3


@pytest.mark.parametrize('retry_after', ['soon', -1, None])
def test_a_wait_that_makes_no_sense_is_taken_as_a_second(
    api: BotApi, client: TelegramClient, retry_after: object
) -> None:
    api.answers.extend([too_many(retry_after)])
    begin_s = time.monotonic()
    client.send_message('x')

    assert time.monotonic() - begin_s >= 1.0


def test_closing_ends_a_call_that_would_wait(api: BotApi, client: TelegramClient) -> None:
    api.answers.append(too_many(4))
    ended = threading.Event()

    def send() -> None:
        # The limit when the wait had begun, no answer when the connection was closed before.
        with pytest.raises(TelegramError):
            client.send_message('x')
        ended.set()

    thread = threading.Thread(target=send)
    thread.start()
    while not api.requests:
        time.sleep(0.005)
    client.close()

    assert ended.wait(2.0)
    thread.join(PATIENCE_S)


@pytest.mark.parametrize(
    ('status', 'body', 'words'),
    [
        (401, {'ok': False, 'description': 'Unauthorized'}, '401: Unauthorized; check TG_TOKEN'),
        (400, {'ok': False, 'description': 'chat not found'}, '400: chat not found; check TG_CHAT_ID'),
        (403, {'ok': False, 'description': 'bot was kicked'}, 'removed from the chat'),
        (500, b'<html>', '500: no description'),
        (200, {'ok': False}, '200: no description'),
        (200, b'[]', '200: no description'),
        (400, {'ok': False, 'description': f'no such bot {TOKEN}'}, r'no such bot \*\*\*'),
    ],
)
def test_a_refusal_is_told_with_what_to_check(
    api: BotApi, client: TelegramClient, status: int, body: object, words: str
) -> None:
    api.answers.append((status, body))

    with pytest.raises(TelegramRefusedError, match=words):
        client.send_message('x')


def test_an_answer_without_end_is_given_up(api: BotApi, client: TelegramClient) -> None:
    api.answers.append((200, b' ' * 1_000_000))

    with pytest.raises(TelegramError, match='not reached'):
        client.send_message('x')


@pytest.mark.parametrize(
    ('caption', 'fits'), [('c' * 1024, True), ('c' * 1025, False), ('🚗' * 512, True), ('🚗' * 513, False)]
)
def test_captions_are_measured_as_telegram_does(
    api: BotApi, client: TelegramClient, caption: str, fits: bool
) -> None:
    if fits:
        client.send_photo(JPEG, caption)
        assert api.requests[0].fields['caption'] == caption
    else:
        with pytest.raises(ValueError, match=r'caption has 102[56] characters.*at most 1024'):
            client.send_photo(JPEG, caption)
        assert not api.requests


def test_what_telegram_would_not_take_is_not_sent(api: BotApi, client: TelegramClient) -> None:
    with pytest.raises(ValueError, match='photo has 10485761 bytes'):
        client.send_photo(bytes(MAX_PHOTO_BYTES + 1))
    with pytest.raises(ValueError, match='text has 4097 characters'):
        client.send_message('x' * 4097)
    with pytest.raises(ValueError, match='text is empty'):
        client.send_message('')

    assert not api.requests


@pytest.mark.parametrize('token', ['', 'abc', f'{TOKEN}/../x', f'{TOKEN} {TOKEN}'])
def test_something_else_than_a_token_is_refused_without_repeating_it(token: str) -> None:
    with pytest.raises(ValueError, match='TG_TOKEN is not a bot token') as refused:
        TelegramClient(SecretStr(token), '42')

    assert not token or token not in str(refused.value)


def test_a_token_with_a_line_end_from_a_paste_works(api: BotApi) -> None:
    with TelegramClient(SecretStr(TOKEN + '\n'), '42', base_url=api.base_url) as client:
        client.send_message('x')

    assert len(api.requests) == 1


def test_the_token_is_in_no_log_and_no_error(api: BotApi, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ('httpx', 'httpcore'):
        caplog.set_level(logging.DEBUG, logger=name)
    errors: list[BaseException] = []

    def provoke(client: TelegramClient) -> None:
        with pytest.raises(TelegramError) as raised:
            client.send_photo(JPEG, 'x')
        errors.append(raised.value)

    with TelegramClient(SecretStr(TOKEN), '42', base_url=api.base_url, deadline_s=1.0) as client:
        client.send_message('fine')
        for answer in [(401, {'description': TOKEN}), (200, None), too_many(100), (200, b' ' * 10**6)]:
            api.answers.append(answer)
            provoke(client)
        assert TOKEN not in repr(client)
        assert TOKEN not in str(client)
    provoke(client)
    for unreachable in ('http://127.0.0.1:1', 'http://no-such-host.invalid', 'nonsense://x', 'http://[::bad'):
        with TelegramClient(SecretStr(TOKEN), '42', base_url=unreachable) as lost:
            provoke(lost)

    logged = [record.getMessage() for record in caplog.records] + [caplog.text]
    told = [text for error in errors for text in all_texts(error)]
    assert len(errors) == 9
    assert len(logged) > 10
    assert not any(TOKEN in text for text in [*logged, *told])
    assert all(error.__cause__ is None and error.__context__ is None for error in errors)
