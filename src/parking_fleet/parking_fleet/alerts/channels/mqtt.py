"""Publish alerts on the broker that the messages come from."""

from collections.abc import Callable

from parking_fleet.alerts.errors import ChannelError
from parking_fleet.alerts.messages import Message
from parking_fleet.alerts.settings import MqttChannel

Publish = Callable[[str, bytes, bool, float], None]
"""Publish to a topic: payload, whether it is retained, seconds. Raises ChannelError."""


class MqttSender:
    """Publish `AlertMessage` retained to `TOPIC/ID`; what has ended is retained no longer.

    Args:
        channel: names the topic.
        publish: the connection to the broker.
    """

    def __init__(self, channel: MqttChannel, publish: Publish) -> None:
        self._channel = channel
        self._publish = publish

    def send(self, message: Message) -> None:
        """Send it; see `Sender`."""
        if message.content is None:
            raise ChannelError('MQTT sends single alerts')
        number = message.content.alert.id
        topic = f'{self._channel.topic}/{number or "test"}'
        is_kept = bool(number) and not message.is_over
        self._publish(topic, message.content.model_dump_json().encode(), is_kept, self._channel.timeout_s)
        if message.is_over:
            # An empty retained message removes what the broker kept.
            self._publish(topic, b'', True, self._channel.timeout_s)
