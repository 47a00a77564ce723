"""Send alerts to a Telegram chat through the Bot API."""

from typing import Any

import orjson

from parking_fleet.alerts.channels.web import Answer, post
from parking_fleet.alerts.errors import ChannelError
from parking_fleet.alerts.messages import Message
from parking_fleet.alerts.settings import TelegramChannel

# https://core.telegram.org/bots/api#sendmessage: 4096 after entities, which we have none of.
_MOST_CHARACTERS = 4_096 // 2
_MOST_WAIT_S = 900.0


class TelegramSender:
    """Send texts as a bot.

    Args:
        channel: which bot, and to which chat.
    """

    def __init__(self, channel: TelegramChannel) -> None:
        self._channel = channel

    def send(self, message: Message) -> None:
        """Send it; see `Sender`."""
        channel = self._channel
        text = message.text
        answer = post(
            f'{channel.base_url}/bot{channel.token.get_secret_value()}/sendMessage',
            what='Telegram',
            timeout_s=channel.timeout_s,
            data={
                'chat_id': channel.chat_id,
                'text': text if len(text) <= _MOST_CHARACTERS else f'{text[:_MOST_CHARACTERS]}...',
            },
        )
        if answer.status != 200:
            raise _refusal(answer)


def _refusal(answer: Answer) -> ChannelError:
    told = _told(answer.body)
    if answer.status in (401, 404):
        return ChannelError("Telegram does not know the bot; check the channel's token")
    if answer.status == 429:
        wait_s = told.get('parameters', {}).get('retry_after', 0)
        is_number = isinstance(wait_s, (int, float))
        return ChannelError('Telegram: too many messages', min(wait_s, _MOST_WAIT_S) if is_number else 0.0)
    reason = str(told.get('description', ''))[:200]
    hint = '; check chat_id, and write to the bot once' if 'chat not found' in reason else ''
    return ChannelError(f'Telegram refuses it (status {answer.status}) {reason}{hint}')


def _told(body: bytes) -> dict[str, Any]:
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return told if isinstance(told, dict) and isinstance(told.get('parameters', {}), dict) else {}
