"""Receive and store what a broker passes on, once each, as a receiver of the fleet would.

Speaks MQTT 3.1.1 by itself, with QoS 0: what the broker has acknowledged to the device lies in
this receiver's socket by then, so that a broker that is killed takes nothing away from it.
"""

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Self

from demo.broker import OPERATOR, LocalBroker
from tests.support.patience import PATIENCE_S

CONNECT, CONNACK, PUBLISH, SUBSCRIBE, SUBACK = 0x10, 0x20, 0x30, 0x82, 0x90
CHUNK_BYTES = 65_536


class UnboundedBroker(LocalBroker):
    """A broker that drops nothing for a receiver that is slow for a moment."""

    def _configuration(self, port: int) -> str:
        return super()._configuration(port) + 'max_queued_messages 0\n'


class Receiver:
    """Store each count once by (uuid, seq), and note the order in which its topics brought them.

    Args:
        broker: a started broker; the receiver comes back when it was restarted.
        topics: what it subscribes to.
    """

    def __init__(self, broker: LocalBroker, topics: tuple[str, ...]) -> None:
        identity = broker.identity(OPERATOR)
        self._broker = broker
        self._topics = topics
        self._tls = ssl.create_default_context(cafile=str(identity.ca))
        self._tls.load_cert_chain(identity.certificate, identity.private_key)
        self._changed = threading.Condition()
        self._is_stopping = False
        self._subscriptions = 0
        self._thread = threading.Thread(target=self._run, name='receiver', daemon=True)
        self.stored: dict[tuple[str, int], int] = {}
        """Cars by uuid and seq."""
        self.numbers: dict[str, list[int]] = {topic: [] for topic in topics}
        """Of each topic the numbers in the order in which they first came."""
        self.arrived_s: dict[str, list[float]] = {topic: [] for topic in topics}
        """Monotonic times of all messages of each topic, repeats included."""
        self.last_payload = b''
        self._seen: dict[str, set[int]] = {topic: set() for topic in topics}

    @property
    def messages(self) -> int:
        """Return how many messages came, repeats included."""
        return sum(map(len, self.arrived_s.values()))

    @property
    def subscriptions(self) -> int:
        """Return how often it has subscribed."""
        return self._subscriptions

    def wait_until(self, happened: Callable[[], bool], timeout_s: float) -> None:
        with self._changed:
            assert self._changed.wait_for(happened, timeout_s), (
                f'{len(self.stored)} counts stored of {self.messages} messages'
            )

    def __enter__(self) -> Self:
        self._thread.start()
        self.wait_until(lambda: self._subscriptions > 0, PATIENCE_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._is_stopping = True
        self._thread.join(10.0)

    def _run(self) -> None:
        while not self._is_stopping:
            try:
                self._receive()
            except OSError:
                time.sleep(0.02)

    def _receive(self) -> None:
        with (
            socket.create_connection(('127.0.0.1', self._broker.port), timeout=PATIENCE_S) as plain,
            self._tls.wrap_socket(plain, server_hostname=self._broker.host) as connection,
        ):
            name = OPERATOR.encode()
            # Clean session, no keep-alive: the connection ends when the broker does.
            connection.sendall(_packet(CONNECT, b'\0\x04MQTT\x04\x02\0\0' + _text(name)))
            filters = b''.join(_text(topic.encode()) + b'\0' for topic in self._topics)
            connection.sendall(_packet(SUBSCRIBE, b'\0\1' + filters))
            connection.settimeout(0.2)
            waiting = b''
            while not self._is_stopping:
                try:
                    chunk = connection.recv(CHUNK_BYTES)
                except TimeoutError:
                    continue
                if not chunk:
                    raise ConnectionResetError('the broker has gone')
                waiting = self._take(waiting + chunk)

    def _take(self, received: bytes) -> bytes:
        """Take whole packets in, and return what is left."""
        begin = 0
        with self._changed:
            while (found := _body(received, begin)) is not None:
                kind, body, begin = found
                if kind == PUBLISH:
                    self._store(body)
                elif kind == SUBACK:
                    self._subscriptions += 1
            self._changed.notify_all()
        return received[begin:]

    def _store(self, body: bytes) -> None:
        end = 2 + int.from_bytes(body[:2])
        topic = body[2:end].decode()
        message = json.loads(body[end:])
        seq = message['seq']
        self.last_payload = body[end:]
        self.arrived_s[topic].append(time.monotonic())
        if seq not in self._seen[topic]:
            self._seen[topic].add(seq)
            self.numbers[topic].append(seq)
        self.stored.setdefault((message['uuid'], seq), message['cars'])


def _packet(kind: int, body: bytes) -> bytes:
    assert len(body) < 128
    return bytes([kind, len(body)]) + body


def _text(content: bytes) -> bytes:
    return len(content).to_bytes(2) + content


def _body(received: bytes, begin: int) -> tuple[int, bytes, int] | None:
    """Return kind and body of the packet that begins there and where the next one does, if it is whole."""
    length = 0
    for position in range(begin + 1, min(begin + 5, len(received))):
        length |= (received[position] & 0x7F) << 7 * (position - begin - 1)
        if received[position] < 0x80:
            end = position + 1 + length
            return (
                (received[begin] & 0xF0, received[position + 1 : end], end) if end <= len(received) else None
            )
    return None
