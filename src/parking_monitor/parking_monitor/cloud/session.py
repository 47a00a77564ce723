"""Say what a session with the broker offers, and what it tells those who listen."""

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from parking_monitor.cloud.connection_faults import ConnectionFault


class SessionListener(Protocol):
    """Hear of a session's connection; called on the client's threads, must not block."""

    def connected(self) -> None:
        """Hear that messages can be published."""

    def disconnected(self, reason: str) -> None:
        """Hear that the connection has ended; the session goes on trying unless it was stopped."""

    def connection_failed(self, fault: ConnectionFault) -> None:
        """Hear why an attempt to connect failed; the session goes on trying."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStatistics:
    """Hold what a session has been through.

    Attributes:
        connected: whether messages can be published now.
        connected_since_ns: Unix nanoseconds of the present connection; None while there is none.
        connections: connections made.
        failed_attempts: attempts to connect that failed.
        acknowledged: messages answered with a PUBACK of success, presence included.
        refused: messages answered with a refusal.
        failed: messages without an answer.
        identity_is_shared: whether another client seems to connect with the same identity.
        last_fault: why the last attempt failed or the last connection ended; empty while all is well.
    """

    connected: bool = False
    connected_since_ns: int | None = None
    connections: int = 0
    failed_attempts: int = 0
    acknowledged: int = 0
    refused: int = 0
    failed: int = 0
    identity_is_shared: bool = False
    last_fault: str = ''


class Session(Protocol):
    """Say what the publisher needs of a session; `MqttSession` has it."""

    @property
    def connection(self) -> int:
        """Return the number of the present connection; 0 while there is none.

        What was on its way in an earlier one has its answer by then.
        """

    @property
    def statistics(self) -> SessionStatistics:
        """Return what the session has been through so far."""

    def add_listener(self, listener: SessionListener) -> None:
        """Tell a listener of connections from now on."""

    def start(self) -> None:
        """Begin to connect; IdentityFileError when the files do not allow it yet."""

    def send_room(self) -> tuple[int, float]:
        """Return how many messages may be sent now, and in how many seconds there is room for one more."""

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> Future[None]:
        """Send a message; the future is done at its acknowledgement."""

    def stop(self, timeout_s: float = 1.5) -> bool:
        """Disconnect within the time."""
