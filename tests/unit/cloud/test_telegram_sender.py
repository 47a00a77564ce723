"""The sender against a Bot API that enforces its limits, with seconds that are short."""

import datetime as dt
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import SecretStr

from parking_monitor.cloud.quiet_hours import QuietHours
from parking_monitor.cloud.telegram import TelegramClient
from parking_monitor.cloud.telegram_queue import Outgoing
from parking_monitor.cloud.telegram_rules import Notice
from parking_monitor.cloud.telegram_sender import LONGEST_BACK_OFF_S, TelegramSender, back_off_s
from tests.support.bot_api import BotApi
from tests.support.patience import PATIENCE_S

TOKEN = '123456789:AbC-dEf_GhIjKlMnOpQrStUvWxYz0123456'
JPEG = b'\xff\xd8 a picture'
SECOND_S = 0.02
NIGHT = QuietHours.parse('22:00-06:00')
MIDNIGHT = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


@contextmanager
def sending(
    api: BotApi, spacing_s: float = SECOND_S, quiet_hours: QuietHours | None = None
) -> Iterator[TelegramSender]:
    """Run a sender to whom Telegram's second is as long as the server's."""
    with TelegramClient(SecretStr(TOKEN), api.chat_id, base_url=api.base_url) as client:
        outgoing = Outgoing(spacing_s=spacing_s, notice_spacing_s=spacing_s, quiet_hours=quiet_hours)
        sender = TelegramSender(client, outgoing, lambda: MIDNIGHT, first_back_off_s=0.01)
        sender.start()
        try:
            yield sender
        finally:
            sender.stop(PATIENCE_S)
            assert not sender.is_alive


def notice(text: str, key: str = '') -> Notice:
    return Notice(key or text, 'lane', text)


def wait_for(sender: TelegramSender, **numbers: int) -> None:
    """Wait until the sender has counted so many; it counts after the server has answered."""
    end_s = time.monotonic() + PATIENCE_S
    while any(getattr(sender.state.numbers, name) < number for name, number in numbers.items()):
        assert time.monotonic() < end_s, sender.state
        time.sleep(0.002)


def test_many_notices_go_out_in_their_order_and_telegram_has_no_reason_to_complain() -> None:
    with BotApi(TOKEN, second_s=SECOND_S) as api, sending(api) as sender:
        for number in range(10):
            sender.put(notice(str(number)), JPEG if number % 2 else None)
        taken = api.wait_for_taken(10)
        assert [sent.text for sent in taken] == [str(number) for number in range(10)]
        assert [bool(sent.photo) for sent in taken] == [False, True] * 5
        assert len(api.requests) == 10


def test_a_sender_that_is_too_quick_waits_as_long_as_telegram_says() -> None:
    with BotApi(TOKEN, second_s=0.1) as api, sending(api, spacing_s=0.0) as sender:
        for number in range(4):
            sender.put(notice(str(number)), None)
        assert [sent.text for sent in api.wait_for_taken(4)] == ['0', '1', '2', '3']
        assert len(api.requests) > 4
        wait_for(sender, sent=4)
        assert sender.state.last_error == ''


def test_a_group_takes_twenty_a_minute() -> None:
    with BotApi(TOKEN, chat_id='-100', second_s=0.002) as api, sending(api, spacing_s=0.006) as sender:
        for number in range(24):
            sender.put(notice(str(number)), None)
        api.wait_for_taken(24)
        assert len(api.requests) == 24


def test_while_telegram_is_away_notices_are_held_and_coalesced() -> None:
    with BotApi(TOKEN, second_s=SECOND_S, is_away=True) as api, sending(api) as sender:
        sender.put(notice('lane: 0 cars', 'change'), JPEG)
        end_s = time.monotonic() + PATIENCE_S
        while 'not reached' not in sender.state.last_error:
            assert time.monotonic() < end_s
            time.sleep(0.002)
        for cars in range(1, 100):
            sender.put(notice(f'lane: {cars} cars', 'change'), JPEG)
        sender.put(notice('front is full', 'full'), None)
        api.is_away = False
        taken = api.wait_for_taken(2)
        assert taken[0].text.startswith('lane: 99 cars (99 before it since 00:00)')
        assert taken[0].photo == JPEG
        assert taken[1].text == 'front is full'
        wait_for(sender, sent=2)
        assert (sender.state.waiting, sender.state.last_error) == (0, '')


def test_what_telegram_refuses_is_counted_and_the_next_one_goes() -> None:
    with BotApi(TOKEN, second_s=SECOND_S) as api, sending(api) as sender:
        sender.put(notice('no picture'), b'not a JPEG')
        wait_for(sender, refused=1)
        assert 'IMAGE_PROCESS_FAILED' in sender.state.last_error
        sender.put(notice('fine'), None)
        wait_for(sender, sent=1)
        assert [sent.text for sent in api.taken] == ['fine']


def test_a_wrong_token_is_told_and_not_shown() -> None:
    with BotApi('1:other', second_s=SECOND_S) as api, sending(api) as sender:
        sender.put(notice('x'), None)
        wait_for(sender, refused=1)
        assert sender.state.last_error == 'Telegram answered 401: Unauthorized; check TG_TOKEN'


def test_switched_off_nothing_is_sent_but_answers() -> None:
    # What waits for the end of quiet hours is not under way while it is switched off.
    with BotApi(TOKEN, second_s=SECOND_S) as api, sending(api, quiet_hours=NIGHT) as sender:
        sender.put(notice('held back'), None)
        assert (sender.state.enabled, sender.state.waiting) == (True, 1)
        sender.enable(False)
        sender.put(notice('not taken'), None)
        assert (sender.state.enabled, sender.state.waiting) == (False, 0)
        assert sender.answer([('status', JPEG)])
        assert [sent.text for sent in api.wait_for_taken(1)] == ['status']
        sender.enable(True)
        sender.put(notice('on again'), None)
        wait_for(sender, sent=1)
        assert (sender.state.enabled, sender.state.waiting) == (True, 1)


def test_after_failures_there_are_longer_and_longer_pauses_up_to_a_bound() -> None:
    pauses_s = [back_off_s(failures) for failures in range(1, 2000)]
    assert 1.5 <= pauses_s[0] <= 2.0
    assert 3.0 <= pauses_s[1] <= 4.0
    assert all(LONGEST_BACK_OFF_S * 0.75 <= pause_s <= LONGEST_BACK_OFF_S for pause_s in pauses_s[6:])
