"""Send alerts by e-mail."""

import contextlib
import logging
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from parking_fleet.alerts.errors import ChannelError
from parking_fleet.alerts.messages import Message
from parking_fleet.alerts.settings import EmailChannel

LOG = logging.getLogger(__name__)

_TITLE_CHARACTERS = 200


class EmailSender:
    """Send e-mail through a mail server, a connection a message.

    Args:
        channel: which server, as whom, from whom to whom.
    """

    def __init__(self, channel: EmailChannel) -> None:
        self._channel = channel

    def send(self, message: Message) -> None:
        """Send it; see `Sender`."""
        try:
            with self._connected() as server:
                refused = server.send_message(self._mail(message))
        except smtplib.SMTPResponseException as error:
            # What the server says may repeat what it was given.
            told = 'refuses the login' if isinstance(error, smtplib.SMTPAuthenticationError) else 'refuses'
            raise ChannelError(f'{self._where} {told} (code {error.smtp_code})') from None
        except smtplib.SMTPRecipientsRefused:
            raise ChannelError(f'{self._where} refuses every recipient') from None
        except ssl.SSLError as error:
            reason = getattr(error, 'verify_message', '') or error.reason
            raise ChannelError(f'{self._where}: no TLS connection: {reason}; check security and ca') from None
        except (smtplib.SMTPException, OSError) as error:
            reason = getattr(error, 'strerror', None) or type(error).__name__
            raise ChannelError(f'{self._where} cannot be reached: {reason}') from None
        if refused:
            # The others have it: to send it to all again would not help.
            LOG.warning('%s refuses %d of the recipients; check them', self._where, len(refused))

    @property
    def _where(self) -> str:
        return f'the mail server {self._channel.host}:{self._channel.port}'

    def _connected(self) -> smtplib.SMTP:
        channel = self._channel
        context = ssl.create_default_context(cafile=channel.ca)
        server: smtplib.SMTP
        if channel.security == 'tls':
            server = smtplib.SMTP_SSL(channel.host, channel.port, timeout=channel.timeout_s, context=context)
        else:
            server = smtplib.SMTP(channel.host, channel.port, timeout=channel.timeout_s)
        with contextlib.ExitStack() as undo:
            undo.callback(server.close)
            if channel.security == 'starttls':
                server.starttls(context=context)
            if channel.user:
                server.login(channel.user, channel.password.get_secret_value())
            undo.pop_all()
        return server

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        title = ' '.join(message.title.split())
        mail['Subject'] = title if len(title) <= _TITLE_CHARACTERS else f'{title[:_TITLE_CHARACTERS]}...'
        mail['From'] = self._channel.sender
        mail['To'] = ', '.join(self._channel.recipients)
        mail['Date'] = formatdate(localtime=False)
        mail['Message-ID'] = make_msgid(domain=self._channel.sender.rpartition('@')[2])
        # No out-of-office answers to a machine: RFC 3834.
        mail['Auto-Submitted'] = 'auto-generated'
        mail.set_content(message.text + '\n')
        return mail
