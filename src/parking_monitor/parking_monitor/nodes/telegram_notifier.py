"""Tell a Telegram chat what the rules say, with a picture, and answer who asks there."""

import datetime as dt
import os
import queue
import time
from functools import partial

from parking_msgs.msg import CarCount
from pydantic import SecretStr
from rclpy.node import Node

from parking_monitor.cloud.quiet_hours import QuietHours
from parking_monitor.cloud.telegram import BASE_URL, TelegramClient
from parking_monitor.cloud.telegram_board import Board
from parking_monitor.cloud.telegram_commands import CommandPoller, PollerState
from parking_monitor.cloud.telegram_queue import Outgoing, shortest_spacing_s
from parking_monitor.cloud.telegram_rule_settings import RuleSettings, default_rules
from parking_monitor.cloud.telegram_rules import Notice, RuleBook
from parking_monitor.cloud.telegram_sender import TelegramSender
from parking_monitor.nodes import convert, qos
from parking_monitor.nodes.annotated_pictures import WITHIN_S, AnnotatedPictures
from parking_monitor.nodes.health import Health, Level, Report
from parking_monitor.nodes.parameters import declare, on_change
from parking_monitor.nodes.running import run
from parking_monitor.time_zone import UTC, to_time_zone

_TOKEN_VARIABLE = 'TG_TOKEN'  # noqa: S105 - its name, not its value
_LOOK_S = 0.25
_MOST_COMMANDS = 8

_HELP = """\
{title} tells this chat of its cars.
/status - every camera: its count, its state, since when, its zones, and a picture
/help - this text"""
_OFF = 'Notifications are switched off.'


class TelegramNotifier(Node):
    """Put counts to the rules, and send what they say with a picture."""

    def __init__(self) -> None:
        super().__init__('telegram_notifier')
        self._cameras = declare(self, 'cameras', [], 'Names of the cameras to tell of')
        self._facility = declare(self, 'facility', '', 'Where the device is; begins each message')
        rules = declare(self, 'rules', [], 'What to tell of, each as JSON; empty: changes, and stale counts')
        zone = declare(self, 'time_zone', UTC, 'IANA name of the time zone of quiet hours and messages')
        silence_s = declare(
            self, 'silence_s', 30.0, 'Silence of a counter after which it is STALE, s', limits=(1, 86_400)
        )
        enabled = declare(self, 'enabled', True, 'Whether notices are sent', fixed=False)
        self._time_zone = to_time_zone(zone)
        self._board = Board(self._cameras, self._facility, silence_after_s=silence_s)
        self._rules = RuleBook(
            [RuleSettings.from_json(text) for text in rules] or default_rules(), self._cameras, self._facility
        )
        self._logged = ''
        self._asked: queue.Queue[str] = queue.Queue(_MOST_COMMANDS)
        self._make_bot(enabled)
        within_s = declare(
            self, 'picture_within_s', WITHIN_S, 'How long a picture is waited for, s', limits=(0.1, 60)
        )
        self._pictures = AnnotatedPictures(self, within_s)
        for camera in self._cameras:
            self.create_subscription(
                CarCount, f'{camera}/car_count', partial(self._on_count, camera), qos.CAR_COUNT
            )
        on_change(self, {'enabled': self._sender.enable})
        self.create_timer(_LOOK_S, self._look)
        Health(self, self._report)
        self._sender.start()
        if self._poller:
            self._poller.start()

    def close(self) -> None:
        """Send nothing more."""
        self._sender.stop()
        if self._poller:
            self._poller.stop()
        self._client.close()

    def _make_bot(self, enabled: bool) -> None:
        chat_id = declare(self, 'chat_id', '', 'Chat to send to, the only one that is answered')
        spacing_s = declare(
            self, 'min_spacing_s', 3.0, 'Shortest time between two messages, s', limits=(1, 3600)
        )
        quiet = declare(self, 'quiet_hours', '', 'Hours without notices, such as 22:00-06:00; empty: none')
        commands = declare(self, 'commands', True, 'Whether /status is answered; one program a bot can')
        base_url = declare(self, 'base_url', BASE_URL, 'Where the Bot API is')
        token = os.environ.get(_TOKEN_VARIABLE, '')
        if not token:
            raise ValueError(f'{_TOKEN_VARIABLE} is not set; without a token there is no bot to send with')
        self._client = TelegramClient(SecretStr(token), chat_id, base_url=base_url)
        outgoing = Outgoing(
            shortest_spacing_s(chat_id), spacing_s, QuietHours.parse(quiet) if quiet else None
        )
        self._sender = TelegramSender(self._client, outgoing, self._now, enabled=enabled)
        self._poller = CommandPoller(self._client, chat_id, self._on_command) if commands else None

    def _now(self) -> dt.datetime:
        return dt.datetime.now(self._time_zone)

    def _on_count(self, camera: str, message: CarCount) -> None:
        try:
            count = convert.to_count(message)
        except ValueError as error:
            self.get_logger().warning(f'{camera}: count left out: {error}', throttle_duration_sec=10)
            return
        self._board.see(camera, count, time.monotonic(), self._now())

    def _on_command(self, command: str) -> None:
        """Take a command from the poller's thread; what is too much is not worth an answer."""
        try:
            self._asked.put_nowait(command)
        except queue.Full:
            return

    def _look(self) -> None:
        if not self._sender.is_alive or (self._poller and not self._poller.is_alive):
            raise RuntimeError('a thread of the bot died; see its traceback above')
        now_s = time.monotonic()
        for notice in self._rules.see(self._board.look(now_s, self._now()), now_s):
            if self._sender.state.enabled:
                self._pictures.ask(notice.camera, partial(self._tell, notice))
        while not self._asked.empty():
            self._answer(self._asked.get())
        self._log()

    def _tell(self, notice: Notice, picture: bytes | None) -> None:
        self._sender.put(notice, picture)

    def _answer(self, command: str) -> None:
        off = '' if self._sender.state.enabled else f'{_OFF}\n'
        if command != 'status' or not self._cameras:
            self._sender.answer([(off + _HELP.format(title=self._facility or 'This device'), None)])
            return
        pictures: dict[str, bytes | None] = {}

        def collect(camera: str, picture: bytes | None) -> None:
            pictures[camera] = picture
            if len(pictures) == len(self._cameras):
                texts = [self._board.status(camera, self._now()) for camera in self._cameras]
                texts[0] = off + texts[0]
                answer = zip(texts, (pictures[camera] for camera in self._cameras), strict=True)
                self._sender.answer(list(answer))

        for camera in self._cameras:
            self._pictures.ask(camera, partial(collect, camera))

    def _log(self) -> None:
        level, text = self._judgement()
        if text != self._logged:
            self._logged = text
            if level is Level.OK:
                self.get_logger().info(text)
            else:
                self.get_logger().warning(text)

    def _judgement(self) -> tuple[Level, str]:
        """Return how bad it is, and why."""
        state = self._sender.state
        if state.last_error:
            return Level.WARN, f'the last message was not sent: {state.last_error}'
        if self._poller and self._poller.state.problem:
            return Level.WARN, f'commands are not answered: {self._poller.state.problem}'
        return Level.OK, 'ready' if state.enabled else 'switched off'

    def _report(self) -> Report:
        state = self._sender.state
        poller = self._poller.state if self._poller else PollerState()
        counts = self._board.look(time.monotonic(), self._now())
        values = {
            'enabled': state.enabled,
            'sent': state.numbers.sent,
            'waiting': state.waiting,
            'coalesced': state.numbers.coalesced,
            'refused': state.numbers.refused,
            'dropped': state.numbers.dropped,
            'asked': poller.asked,
            'foreign': poller.foreign,
            'last_error': state.last_error,
            'commands': poller.problem or ('answered' if self._poller else 'off'),
            **{
                camera: f'{count.cars}, {count.state.name}' if count else ''
                for camera, count in counts.items()
            },
        }
        return Report(*self._judgement(), values)


def main() -> None:
    """Run the node."""
    run(TelegramNotifier)
