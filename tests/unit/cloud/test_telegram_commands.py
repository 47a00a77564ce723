"""What people ask a bot: the allowed chat is heard, others are counted."""

import queue
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from parking_monitor.cloud.telegram import TelegramClient
from parking_monitor.cloud.telegram_commands import CommandPoller, read_updates
from tests.support.bot_api import BotApi
from tests.support.patience import PATIENCE_S

TOKEN = '123456789:AbC-dEf_GhIjKlMnOpQrStUvWxYz0123456'


def update(number: int, text: object, chat: object = 42, kind: str = 'message') -> dict[str, Any]:
    return {'update_id': number, kind: {'chat': {'id': chat}, 'text': text}}


def commands_in(*updates: Any, chat_id: str = '42') -> tuple[str, ...]:
    return read_updates(updates, 0, chat_id, 'Lot_bot').commands


@pytest.mark.parametrize(
    ('text', 'commands'),
    [
        ('/status', ('status',)),
        ('/STATUS please', ('status',)),
        ('/status@lot_bot', ('status',)),
        ('/status@other_bot', ()),
        ('/start', ('start',)),
        ('/help', ('help',)),
        ('/shutdown', ()),
        ('status', ()),
        ('what is your /status', ()),
        ('/', ()),
        ('', ()),
        (None, ()),
        (7, ()),
    ],
)
def test_a_command_is_read_from_a_text(text: object, commands: tuple[str, ...]) -> None:
    assert commands_in(update(1, text)) == commands


def test_a_command_that_was_repeated_is_answered_once() -> None:
    assert commands_in(*[update(number, '/status') for number in range(9)]) == ('status',)


def test_other_chats_are_counted_and_not_heard() -> None:
    asked = read_updates([update(7, '/status', 43), update(8, 'hello', -42)], 5, '42', 'lot_bot')
    assert (asked.commands, asked.foreign, asked.next_offset) == ((), 2, 9)


def test_a_channel_is_known_by_its_name() -> None:
    post = {'update_id': 1, 'channel_post': {'chat': {'id': -1, 'username': 'Lot'}, 'text': '/status'}}
    assert commands_in(post, chat_id='@lot') == ('status',)
    assert commands_in(update(1, '/status'), chat_id='@lot') == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(['update_id', 'message', 'chat', 'id', 'text', 'username']), inner)
    ),
    max_leaves=6,
)


@given(st.lists(JSON, max_size=5))
def test_nothing_that_comes_can_do_harm(updates: list[Any]) -> None:
    asked = read_updates(updates, 5, '42', 'lot_bot')
    assert asked.next_offset >= 5


@contextmanager
def polling(
    api: BotApi, asked: 'queue.Queue[str]', conflict_back_off_s: float = 0.02, token: str = TOKEN
) -> Iterator[CommandPoller]:
    with TelegramClient(SecretStr(token), api.chat_id, base_url=api.base_url) as client:
        poller = CommandPoller(
            client,
            api.chat_id,
            asked.put,
            conflict_back_off_s=conflict_back_off_s,
            first_back_off_s=0.01,
        )
        poller.start()
        try:
            yield poller
        finally:
            poller.stop(0)
            api.close()
            poller.stop(PATIENCE_S)
            assert not poller.is_alive


def wait_for(poller: CommandPoller, problem: str) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while problem not in poller.state.problem or bool(problem) != bool(poller.state.problem):
        assert time.monotonic() < end_s, poller.state
        time.sleep(0.002)


def test_a_command_arrives_once_and_is_confirmed() -> None:
    asked: queue.Queue[str] = queue.Queue()
    with BotApi(TOKEN) as api, polling(api, asked) as poller:
        api.say('/status')
        assert asked.get(timeout=PATIENCE_S) == 'status'
        api.wait_until(lambda: not api.unconfirmed)
        api.say('/status', chat_id='666')
        api.say('/help')
        assert asked.get(timeout=PATIENCE_S) == 'help'
        assert (poller.state.asked, poller.state.foreign, asked.qsize()) == (2, 1, 0)


def test_two_programs_on_one_bot_are_told_and_take_turns() -> None:
    asked: queue.Queue[str] = queue.Queue()
    with BotApi(TOKEN) as api, polling(api, asked) as first:
        api.wait_until(lambda: api.polls == 1)
        with TelegramClient(SecretStr(TOKEN), '42', base_url=api.base_url) as other:
            end_s = time.monotonic() + PATIENCE_S
            while 'another program fetches the messages to this bot' not in first.state.problem:
                assert time.monotonic() < end_s, first.state
                assert other.updates(0, 0) == []
        api.say('/status')
        assert asked.get(timeout=PATIENCE_S) == 'status'
        wait_for(first, '')


def test_a_bot_that_is_away_is_asked_again() -> None:
    asked: queue.Queue[str] = queue.Queue()
    with BotApi(TOKEN, is_away=True) as api, polling(api, asked) as poller:
        wait_for(poller, 'not reached')
        api.is_away = False
        api.say('/status')
        assert asked.get(timeout=PATIENCE_S) == 'status'


def test_a_wrong_token_is_told_before_anything_is_to_be_sent() -> None:
    with BotApi('1:other') as api, polling(api, queue.Queue()) as poller:
        wait_for(poller, '401: Unauthorized; check TG_TOKEN')
