"""Send alerts as JSON to an address."""

import hashlib
import hmac

from parking_fleet.alerts.channels.web import post
from parking_fleet.alerts.errors import ChannelError
from parking_fleet.alerts.messages import Message
from parking_fleet.alerts.settings import WebhookChannel

SIGNATURE_HEADER = 'X-Parking-Signature'


class WebhookSender:
    """Send `AlertMessage` as JSON; any status from 200 to 299 takes it.

    Args:
        channel: where to, and what signs it.
    """

    def __init__(self, channel: WebhookChannel) -> None:
        self._channel = channel

    def send(self, message: Message) -> None:
        """Send it; see `Sender`."""
        if message.content is None:
            raise ChannelError('the webhook sends single alerts')
        channel = self._channel
        body = message.content.model_dump_json().encode()
        headers = {name: value.get_secret_value() for name, value in channel.headers.items()}
        headers['Content-Type'] = 'application/json'
        if channel.secret is not None:
            headers[SIGNATURE_HEADER] = signature(channel.secret.get_secret_value(), body)
        answer = post(
            channel.url.get_secret_value(),
            what='the webhook',
            timeout_s=channel.timeout_s,
            content=body,
            headers=headers,
        )
        if not 200 <= answer.status < 300:
            raise ChannelError(f'the webhook answers with status {answer.status}', answer.retry_after_s)


def signature(secret: str, body: bytes) -> str:
    """Return what the signature header of a body is: 'sha256=' and the HMAC in hexadecimal digits."""
    return f'sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}'
