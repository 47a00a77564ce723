"""Find out why a session does not connect, without holding anybody up."""

import datetime as dt
import threading
from collections.abc import Callable

from parking_monitor.cloud.connection_faults import (
    ConnectionFault,
    FaultKind,
    explain_failure,
    is_about_tls,
    wrong_clock,
)
from parking_monitor.cloud.errors import CertificateExpiredError, IdentityFileError
from parking_monitor.cloud.identity_files import certificate_life, check_identity
from parking_monitor.cloud.mqtt_settings import MqttSettings
from parking_monitor.cloud.tls_probe import probe_tls

# There is no talk of certificates with a broker that cannot be reached.
_NO_ANSWER = frozenset({FaultKind.ADDRESS, FaultKind.PORT, FaultKind.SILENCE})


def utc_now() -> dt.datetime:
    """Return the present time."""
    return dt.datetime.now(dt.UTC)


class ConnectionWatch:
    """Follow the attempts of a session and report why one failed, once an attempt.

    What the client's error tells is reported at once. For the rest the files and the TLS
    connection are examined on a thread of its own: after a TLS failure, or when an attempt
    has stayed without an outcome for `look_after_s`.

    Args:
        settings: where the session connects.
        report: takes each fault; called on any thread, must not block.
        now: gives the present time, with its zone.
    """

    def __init__(
        self,
        settings: MqttSettings,
        report: Callable[[ConnectionFault], None],
        now: Callable[[], dt.datetime] = utc_now,
    ) -> None:
        self._now = now
        self._settings = settings
        self._report = report
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._trying = False
        self._reported = False
        self._looking = False

    def attempt_began(self) -> None:
        """Take note that the client tries to connect."""
        with self._lock:
            self._trying = True
            self._reported = False
        self._look_after(self._settings.timing.look_after_s, None)

    def attempt_failed(self, error_name: str, connack_code: int | None = None) -> None:
        """Explain a failed attempt, unless that was done while it lasted.

        Args:
            error_name: name of the AWS Common Runtime's error.
            connack_code: the broker's reason code, when it answered.
        """
        fault = explain_failure(error_name, self._settings, connack_code)
        if is_about_tls(error_name) and connack_code is None:
            self._look_after(0.0, fault)
        else:
            self._cancel_timer()
            self._tell(fault)

    def attempts_ended(self) -> None:
        """Take note that the client is connected, or does not try any more."""
        with self._lock:
            self._trying = False
        self._cancel_timer()

    def _look_after(self, delay_s: float, otherwise: ConnectionFault | None) -> None:
        timer = threading.Timer(delay_s, self._look, (otherwise,))
        timer.name = 'mqtt-connection-watch'
        timer.daemon = True
        with self._lock:
            previous, self._timer = self._timer, timer
        if previous is not None:
            previous.cancel()
        timer.start()

    def _cancel_timer(self) -> None:
        with self._lock:
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _look(self, otherwise: ConnectionFault | None) -> None:
        with self._lock:
            if self._looking or self._reported or not self._trying:
                return
            self._looking = True
        try:
            fault = self._find() or otherwise
        finally:
            with self._lock:
                self._looking = False
        if fault is not None:
            self._tell(fault)

    def _find(self) -> ConnectionFault | None:
        now = self._now()
        try:
            check_identity(self._settings, now)
            begin, end = certificate_life(self._settings)
        except CertificateExpiredError as error:
            # By which clock? The broker's decides: a TLS handshake asks it.
            found = probe_tls(self._settings)
            return found or ConnectionFault(FaultKind.CLOCK, str(error))
        except IdentityFileError as error:
            return ConnectionFault(FaultKind.CERTIFICATE, str(error))
        found = probe_tls(self._settings)
        if begin <= now <= end or (found is not None and found.kind in _NO_ANSWER):
            return found
        return wrong_clock(now, f"and the device's certificate was made later, on {begin:%Y-%m-%d}")

    def _tell(self, fault: ConnectionFault) -> None:
        with self._lock:
            if self._reported or not self._trying:
                return
            self._reported = True
        self._report(fault)
