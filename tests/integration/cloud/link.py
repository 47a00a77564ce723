"""Stand between a device and its broker, and harm the connection as the test wants it."""

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

CHUNK_BYTES = 65_536


@dataclass(eq=False)
class _Pair:
    device: socket.socket
    broker: socket.socket
    swallowed: set[socket.socket] = field(default_factory=set)
    """From which of the two nothing is passed on any more."""

    def close(self) -> None:
        _close(self.device)
        _close(self.broker)


class Link:
    """Relay TCP from a port of its own to the broker's, while it is not cut.

    Args:
        broker_port: where to relay to, on loopback.
    """

    def __init__(self, broker_port: int) -> None:
        self._broker_port = broker_port
        self._lock = threading.Lock()
        self._pairs: list[_Pair] = []
        self._threads: list[threading.Thread] = []
        self._cut = False
        self._flowing = threading.Event()
        self._flowing.set()
        self._listener = socket.create_server(('127.0.0.1', 0))
        self.port: int = self._listener.getsockname()[1]

    def cut(self) -> None:
        """Close every connection, and each new one as soon as it is made."""
        with self._lock:
            self._cut = True
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            pair.close()
        self._flowing.set()

    def refuse(self) -> None:
        """Leave what is connected alone, and close each new connection as soon as it is made."""
        with self._lock:
            self._cut = True

    def restore(self) -> None:
        """Relay new connections again."""
        with self._lock:
            self._cut = False
        self._flowing.set()

    def stall(self) -> None:
        """Hold all bytes back, until restored or cut."""
        self._flowing.clear()

    def swallow_from_device(self) -> None:
        """Lose what the device sends from now on, and let the connection stand."""
        with self._lock:
            for pair in self._pairs:
                pair.swallowed.add(pair.device)

    def swallow_from_broker(self) -> None:
        """Lose what the broker answers from now on, and let the connection stand."""
        with self._lock:
            for pair in self._pairs:
                pair.swallowed.add(pair.broker)

    def half_close(self) -> None:
        """Tell the broker that the device sends no more; what the broker answers still arrives."""
        with self._lock:
            for pair in self._pairs:
                pair.swallowed.add(pair.device)
                with contextlib.suppress(OSError):
                    pair.broker.shutdown(socket.SHUT_WR)

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        _close(self._listener)
        self.cut()
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
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
        pair = _Pair(device, broker)
        with self._lock:
            is_cut = self._cut
            if not is_cut:
                self._pairs.append(pair)
        if is_cut:
            pair.close()
            return
        self._start(self._relay, pair, device, broker)
        self._start(self._relay, pair, broker, device)

    def _relay(self, pair: _Pair, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(CHUNK_BYTES):
                self._flowing.wait()
                if source not in pair.swallowed:
                    target.sendall(chunk)
        pair.close()
        with self._lock, contextlib.suppress(ValueError):
            self._pairs.remove(pair)


def _close(each: socket.socket) -> None:
    # A thread that waits in recv or accept wakes at the shutdown, not at the close.
    with contextlib.suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()
