"""Name what can go wrong between a count and the cloud."""

from pathlib import Path


class CloudError(Exception):
    """Be the base of every error of the cloud subject."""


class InvalidNameError(CloudError, ValueError):
    """Say which topic or thing name is not allowed, and what is."""


class MessageTooLargeError(CloudError, ValueError):
    """Say that a message is over the limit of the broker."""


class IdentityFileError(CloudError):
    """Say which file of the device's identity cannot be used, and what to do.

    Attributes:
        field: name of the setting that holds the path.
        path: the file.
    """

    def __init__(self, field: str, path: Path, problem: str) -> None:
        super().__init__(f'cloud.{field}: {path} {problem}')
        self.field = field
        self.path = path


class CertificateExpiredError(IdentityFileError):
    """Say when the device's certificate ran out."""


class NoIdentityError(CloudError):
    """Say why a device does not know which thing it is, and what to do."""


class PublishError(CloudError):
    """Say that a message was not acknowledged; it may be sent again."""


class PublishRefusedError(PublishError):
    """Say that the broker answered a message with a refusal.

    Attributes:
        topic: the topic of the message.
        reason_code: the MQTT 5 reason code, 128 or above.
    """

    def __init__(self, topic: str, reason_code: int, reason: str) -> None:
        super().__init__(
            f"the broker refused a message on topic '{topic}': {reason} (reason code {reason_code}); "
            'check that the policy lets this thing publish there'
        )
        self.topic = topic
        self.reason_code = reason_code


class StoreError(CloudError):
    """Say why messages cannot be kept on the disk."""


class StoreFullError(StoreError):
    """Say that the disk is full."""


class StoreUnavailableError(StoreError):
    """Say why the file cannot be used now; it may be later."""


class StoreDamagedError(StoreError):
    """Say that the file does not hold what was written to it."""


class TelegramError(CloudError):
    """Say why a message did not reach Telegram; never holds the token."""


class TelegramRefusedError(TelegramError):
    """Say what Telegram answered instead of taking the message."""


class TelegramConflictError(TelegramRefusedError):
    """Say that another program fetches this bot's messages, so that commands may go unanswered here."""

    def __init__(self, description: str) -> None:
        super().__init__(
            f'another program fetches the messages to this bot ({description}), and Telegram serves one; '
            'give each device a bot of its own, or set telegram.commands: false on all but one '
            '(of a webhook: delete it)'
        )


class TelegramRateLimitError(TelegramError):
    """Say how long Telegram wants no more messages.

    Attributes:
        retry_after_s: seconds to wait.
    """

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f'Telegram takes no more messages for {retry_after_s:g} s; send fewer')
        self.retry_after_s = retry_after_s


class IngestionError(CloudError):
    """Say why a picture did not reach the ingestion service; it may later. Never holds the key."""


class IngestionKeyError(IngestionError):
    """Say that the service does not take the key."""


class IngestionBusyError(IngestionError):
    """Say how long the service wants no more pictures.

    Attributes:
        retry_after_s: seconds to wait.
    """

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f'Edge Impulse takes no more pictures for {retry_after_s:g} s; send fewer')
        self.retry_after_s = retry_after_s


class IngestionRefusedError(IngestionError):
    """Say why the service does not take one picture, now or later."""
