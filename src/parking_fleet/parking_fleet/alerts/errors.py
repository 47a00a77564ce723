"""What can go wrong with alerts; no text holds a secret."""

from parking_fleet.errors import FleetError


class UnknownAlertError(FleetError):
    """Say that there is no such alert, or that it has ended."""


class ChannelError(FleetError):
    """Say why a message could not be sent.

    Attributes:
        wait_s: how long to wait at least before the next attempt.
    """

    def __init__(self, text: str, wait_s: float = 0.0) -> None:
        super().__init__(text)
        self.wait_s = wait_s
