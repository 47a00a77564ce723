"""Read what people ask a bot: commands of the one chat that may, all else is only counted."""

import random
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from parking_monitor.cloud.errors import (
    TelegramConflictError,
    TelegramError,
    TelegramRateLimitError,
    TelegramRefusedError,
)
from parking_monitor.cloud.telegram import TelegramClient
from parking_monitor.cloud.telegram_sender import back_off_s

COMMANDS = ('status', 'help', 'start')
POLL_S = 25
# Two programs that ask again at once throw each other out for ever.
CONFLICT_BACK_OFF_S = 60.0
REFUSED_BACK_OFF_S = 60.0


@dataclass(frozen=True, slots=True)
class Asked:
    """Hold what came with one answer of Telegram's.

    Attributes:
        commands: of the allowed chat, each once, in their order.
        foreign: messages of other chats.
        next_offset: what to fetch next.
    """

    commands: tuple[str, ...]
    foreign: int
    next_offset: int


def read_updates(updates: Iterable[Any], offset: int, chat_id: str, bot_name: str) -> Asked:
    """Pick the commands of one chat from what Telegram says; survives anything that it could say."""
    commands: dict[str, None] = {}
    foreign = 0
    for update in updates:
        if not isinstance(update, dict) or not isinstance(update.get('update_id'), int):
            continue
        offset = max(offset, update['update_id'] + 1)
        message = update.get('message', update.get('channel_post'))
        if not isinstance(message, dict):
            continue
        if not _is_of(message.get('chat'), chat_id):
            foreign += 1
        elif command := _command(message.get('text'), bot_name):
            commands[command] = None
    return Asked(tuple(commands), foreign, offset)


def _is_of(chat: object, chat_id: str) -> bool:
    if not isinstance(chat, dict):
        return False
    if chat_id.startswith('@'):
        return f'@{chat.get("username", "")}'.lower() == chat_id.lower()
    return str(chat.get('id')) == chat_id


def _command(text: object, bot_name: str) -> str:
    """Return the command of a text such as `/status@bot now`; empty for others, and those of other bots."""
    words = text.split() if isinstance(text, str) else []
    if not words or not words[0].startswith('/'):
        return ''
    command, _, addressee = words[0].removeprefix('/').lower().partition('@')
    is_for_us = not addressee or addressee == bot_name.lower()
    return command if is_for_us and command in COMMANDS else ''


@dataclass(frozen=True, slots=True)
class PollerState:
    """Hold how the poller is.

    Attributes:
        asked: commands of the allowed chat.
        foreign: messages of others, who get no answer.
        problem: why nothing can be asked now; empty when it can.
    """

    asked: int = 0
    foreign: int = 0
    problem: str = ''


class CommandPoller:
    """Wait for commands, from a thread of its own; there must be one for a bot.

    Args:
        client: the bot; closed by whoever made it.
        chat_id: the chat that may ask.
        on_command: called from the thread with each command, without its slash.
        poll_s: how long Telegram holds a question open, whole seconds.
        conflict_back_off_s: how long to leave the bot to another program that polls it.
        first_back_off_s: how long to wait after the first failure, then twice as long each time.
    """

    def __init__(
        self,
        client: TelegramClient,
        chat_id: str,
        on_command: Callable[[str], None],
        *,
        poll_s: int = POLL_S,
        conflict_back_off_s: float = CONFLICT_BACK_OFF_S,
        first_back_off_s: float = 2.0,
    ) -> None:
        self._client = client
        self._chat_id = chat_id
        self._on_command = on_command
        self._poll_s = poll_s
        self._conflict_back_off_s = conflict_back_off_s
        self._first_back_off_s = first_back_off_s
        self._bot_name: str | None = None
        self._offset = 0
        self._failures = 0
        self._state = PollerState()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name='telegram commands', daemon=True)

    @property
    def state(self) -> PollerState:
        """Return how it is."""
        return self._state

    @property
    def is_alive(self) -> bool:
        """Return whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin to wait."""
        self._thread.start()

    def stop(self, within_s: float = 0.2) -> None:
        """Take no more commands; the question under way may end later."""
        self._stopping.set()
        self._thread.join(within_s)

    def _run(self) -> None:
        while not self._stopping.is_set():
            begin_s = time.monotonic()
            try:
                updates = self._poll()
            except TelegramError as error:
                self._failures += 1
                self._state = replace(self._state, problem=str(error))
                self._stopping.wait(self._pause_s(error))
                continue
            self._failures = 0
            self._state = replace(self._state, problem='')
            # An answer of nothing at once is not Telegram's; who gives it is not asked without end.
            if not updates and time.monotonic() - begin_s < self._poll_s / 2:
                self._stopping.wait(self._first_back_off_s)

    def _poll(self) -> int:
        """Ask once, and return how many updates came."""
        if self._bot_name is None:
            self._bot_name = self._client.name()
        updates = self._client.updates(self._offset, self._poll_s)
        asked = read_updates(updates, self._offset, self._chat_id, self._bot_name)
        self._offset = asked.next_offset
        self._state = replace(
            self._state,
            asked=self._state.asked + len(asked.commands),
            foreign=self._state.foreign + asked.foreign,
        )
        if not self._stopping.is_set():
            for command in asked.commands:
                self._on_command(command)
        return len(updates)

    def _pause_s(self, error: TelegramError) -> float:
        """Return how long to wait after a failure, seconds."""
        if isinstance(error, TelegramConflictError):
            return self._conflict_back_off_s * random.uniform(0.75, 1.25)
        if isinstance(error, TelegramRateLimitError):
            return error.retry_after_s
        if isinstance(error, TelegramRefusedError):
            return REFUSED_BACK_OFF_S
        return back_off_s(self._failures, self._first_back_off_s)
