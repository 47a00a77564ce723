"""Stand between a device and its broker, and cut the connection when the test wants it."""

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

CHUNK_BYTES = 65_536


class Link:
    """Relay TCP from a port of its own to the broker's, while it is not cut.

    Args:
        broker_port: where to relay to, on loopback.
    """

    def __init__(self, broker_port: int) -> None:
        self._broker_port = broker_port
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._cut = False
        self._listener = socket.create_server(('127.0.0.1', 0))
        self.port: int = self._listener.getsockname()[1]

    def cut(self) -> None:
        """Close every connection, and each new one as soon as it is made."""
        with self._lock:
            self._cut = True
            sockets, self._sockets = self._sockets, []
        for each in sockets:
            _close(each)

    def restore(self) -> None:
        """Relay new connections again."""
        with self._lock:
            self._cut = False

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _close(self._listener)
        self.cut()
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: Callable[..., None], *arguments: socket.socket) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                device, _ = self._listener.accept()
            except OSError:
                return
            self._join_up(device)

    def _join_up(self, device: socket.socket) -> None:
        try:
            broker = socket.create_connection(('127.0.0.1', self._broker_port))
        except OSError:
            _close(device)
            return
        with self._lock:
            is_cut = self._cut
            if not is_cut:
                self._sockets += [device, broker]
        if is_cut:
            _close(device)
            _close(broker)
            return
        self._start(_relay, device, broker)
        self._start(_relay, broker, device)


def _relay(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(CHUNK_BYTES):
            target.sendall(chunk)
    _close(source)
    _close(target)


def _close(each: socket.socket) -> None:
    # A thread that waits in recv or accept wakes at the shutdown, not at the close.
    with contextlib.suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()
