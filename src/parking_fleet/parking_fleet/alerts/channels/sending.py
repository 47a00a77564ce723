"""Say what a channel is, and make those that the settings name."""

from typing import Protocol

from parking_fleet.alerts.channels.email import EmailSender
from parking_fleet.alerts.channels.mqtt import MqttSender, Publish
from parking_fleet.alerts.channels.telegram import TelegramSender
from parking_fleet.alerts.channels.webhook import WebhookSender
from parking_fleet.alerts.messages import Message
from parking_fleet.alerts.settings import Channel, EmailChannel, MqttChannel, TelegramChannel


class Sender(Protocol):
    """Send messages, one at a time."""

    def send(self, message: Message) -> None:
        """Send it, or raise before the channel's `timeout_s` is long over.

        Raises:
            ChannelError: saying why it could not be sent, without secrets.
        """


def make_sender(channel: Channel, publish: Publish) -> Sender:
    """Return what sends over that channel; `publish` is for MQTT."""
    if isinstance(channel, EmailChannel):
        return EmailSender(channel)
    if isinstance(channel, TelegramChannel):
        return TelegramSender(channel)
    if isinstance(channel, MqttChannel):
        return MqttSender(channel, publish)
    return WebhookSender(channel)


def is_for_people(channel: Channel) -> bool:
    """Return whether a person reads it: then many alerts at once come as one message."""
    return isinstance(channel, (EmailChannel, TelegramChannel))
