import logging
import threading
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from parking_monitor.cloud.errors import (
    TelegramConflictError,
    TelegramError,
    TelegramRateLimitError,
    TelegramRefusedError,
)
from parking_monitor.cloud.telegram import MAX_PHOTO_BYTES, MAX_TEXT, TelegramClient, fit_text
from tests.support.bot_api import BotApi, Sent
from tests.support.patience import PATIENCE_S
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
    with TelegramClient(SecretStr(TOKEN), '42', base_url=api.base_url, deadline_s=PATIENCE_S) as telegram:
        yield telegram


def test_a_photo_arrives_whole_with_its_caption(api: BotApi, client: TelegramClient) -> None:
    client.send_photo(JPEG, 'lane: 2 cars, Süd')

    assert api.requests == [
        Sent('sendPhoto', {'chat_id': '42', 'caption': 'lane: 2 cars, Süd'}, JPEG, 'photo.jpg', 'image/jpeg')
    ]


def test_a_message_arrives(api: BotApi, client: TelegramClient) -> None:
    client.send_message('lot is full & closed')

    assert api.requests == [Sent('sendMessage', {'chat_id': '42', 'text': 'lot is full & closed'})]


@pytest.mark.parametrize(
    ('retry_after', 'wait_s'),
    [(3600, 3600.0), (0.2, 0.2), ('soon', 1.0), (-1, 1.0), (None, 1.0), (True, 1.0), (1e300, 86_400.0)],
)
def test_how_long_telegram_wants_patience_is_handed_to_the_caller(
    api: BotApi, client: TelegramClient, retry_after: object, wait_s: float
) -> None:
    api.answers.append(too_many(retry_after))

    with pytest.raises(TelegramRateLimitError) as limited:
        client.send_message('x')

    assert limited.value.retry_after_s == wait_s
    assert len(api.requests) == 1


def test_a_second_message_within_a_second_is_limited(api: BotApi, client: TelegramClient) -> None:
    api.second_s = 3600.0
    client.send_message('x')

    with pytest.raises(TelegramRateLimitError):
        client.send_message('y')

    assert len(api.taken) == 1


@pytest.mark.parametrize(
    ('status', 'body', 'words'),
    [
        (401, {'ok': False, 'description': 'Unauthorized'}, '401: Unauthorized; check TG_TOKEN'),
        (400, {'ok': False, 'description': 'chat not found'}, '400: chat not found; check TG_CHAT_ID'),
        (403, {'ok': False, 'description': 'bot was kicked'}, 'removed from the chat'),
        (
            400,
            {'ok': False, 'description': 'upgraded', 'parameters': {'migrate_to_chat_id': -100123}},
            'set TG_CHAT_ID to -100123$',
        ),
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


def test_an_answer_of_a_broken_server_is_no_refusal(api: BotApi, client: TelegramClient) -> None:
    api.answers.append((502, b'<html>'))

    with pytest.raises(TelegramError, match='502: no description') as broken:
        client.send_message('x')

    assert not isinstance(broken.value, TelegramRefusedError)


@pytest.mark.parametrize('token', [TOKEN.replace('AbC', 'XyZ'), '987654321:other'])
def test_a_wrong_token_is_told_by_every_call(api: BotApi, token: str) -> None:
    with TelegramClient(SecretStr(token), '42', base_url=api.base_url) as stranger:
        for call in (
            stranger.name,
            lambda: stranger.updates(0, 0),
            lambda: stranger.send_message('x'),
        ):
            with pytest.raises(TelegramRefusedError, match='401: Unauthorized; check TG_TOKEN'):
                call()


def test_updates_come_again_until_a_higher_offset_confirms_them(api: BotApi, client: TelegramClient) -> None:
    api.say('/status')
    api.say('/help')

    first, second = client.updates(0, 0)
    assert client.updates(0, 0) == [first, second]
    assert client.updates(first['update_id'] + 1, 0) == [second]
    assert client.updates(second['update_id'] + 1, 0) == []
    assert api.unconfirmed == []
    assert client.name() == 'lot_bot'


def test_no_more_updates_come_at_once_than_an_answer_has_room_for(
    api: BotApi, client: TelegramClient
) -> None:
    for _ in range(25):
        api.say('ä' * 4096)

    offset, numbers = 0, []
    while updates := client.updates(offset, 0):
        numbers.append(len(updates))
        offset = updates[-1]['update_id'] + 1

    assert numbers == [10, 10, 5]


def test_of_two_programs_that_poll_the_first_is_told_of_the_other(
    api: BotApi, client: TelegramClient
) -> None:
    told: list[str] = []

    def wait_long() -> None:
        with pytest.raises(TelegramConflictError) as conflict:
            client.updates(0, 60)
        told.append(str(conflict.value))

    thread = threading.Thread(target=wait_long)
    thread.start()
    api.wait_until(lambda: api.polls == 1)
    with TelegramClient(SecretStr(TOKEN), '42', base_url=api.base_url) as other:
        assert other.updates(0, 0) == []
    thread.join(PATIENCE_S)

    assert len(told) == 1
    assert 'another program fetches the messages to this bot' in told[0]


def test_a_webhook_is_told_as_a_conflict(api: BotApi, client: TelegramClient) -> None:
    api.has_webhook = True

    with pytest.raises(TelegramConflictError, match='webhook is active'):
        client.updates(0, 0)


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


@pytest.mark.parametrize(('text', 'length'), [('x' * 4096, 4096), ('x' * 5000, 4096), ('🚗' * 3000, 4095)])
def test_a_text_is_cut_to_what_telegram_takes(
    api: BotApi, client: TelegramClient, text: str, length: int
) -> None:
    fitted = fit_text(text, MAX_TEXT)
    client.send_message(fitted)

    assert len(fitted.encode('utf-16-le')) // 2 == length
    assert fitted == text or fitted.endswith('…')
    assert api.taken[0].text == fitted


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
