import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from parking_monitor.detection.errors import ModelAnswerError
from parking_monitor.detection.wire import exchange

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_a_request_is_one_object_and_an_answer_ends_with_a_nul(pair: Pair) -> None:
    ours, theirs = pair
    theirs.sendall(b'{"id": 1, "success": true}\n\0')
    assert exchange(ours, {'hello': 1, 'id': 1}, 1.0) == {'id': 1, 'success': True}
    assert json.loads(theirs.recv(1000)) == {'hello': 1, 'id': 1}


def test_an_answer_may_come_in_pieces(pair: Pair) -> None:
    ours, theirs = pair

    def answer() -> None:
        for byte in b'{"id": 1}\n\0':
            theirs.sendall(bytes([byte]))

    thread = threading.Thread(target=answer)
    thread.start()
    assert exchange(ours, {'id': 1}, 5.0) == {'id': 1}
    thread.join()


def test_silence_ends_at_the_deadline(pair: Pair) -> None:
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        exchange(pair[0], {'id': 1}, 0.1)
    assert time.monotonic() - begun >= 0.1


def test_the_deadline_is_for_the_whole_answer_and_not_for_each_piece(pair: Pair) -> None:
    ours, theirs = pair
    over = threading.Event()

    def drip() -> None:
        while not over.wait(0.02):
            theirs.sendall(b' ')

    thread = threading.Thread(target=drip)
    thread.start()
    with pytest.raises(TimeoutError):
        exchange(ours, {'id': 1}, 0.2)
    over.set()
    thread.join()


def test_a_request_that_nobody_reads_ends_at_the_deadline(pair: Pair) -> None:
    with pytest.raises(TimeoutError):
        exchange(pair[0], {'classify': [0] * 1_000_000, 'id': 1}, 0.2)


def test_a_closed_connection_is_no_answer(pair: Pair) -> None:
    ours, theirs = pair
    theirs.shutdown(socket.SHUT_WR)
    with pytest.raises(ConnectionError):
        exchange(ours, {'id': 1}, 1.0)


@pytest.mark.parametrize(
    ('sent', 'named'),
    [
        (b'\xff\xfe\n\0', 'not JSON'),
        (b'{"id": 1\n\0', 'not JSON'),
        (b'[1]\n\0', 'not a JSON object'),
        (b'{"id": 2}\n\0', 'id 2; 1 was asked'),
        (b'{}\n\0', 'id None; 1 was asked'),
        (b'{"id": 1}\n\0{"id": 1}\n\0', 'not JSON'),
    ],
)
def test_garbage_is_named(pair: Pair, sent: bytes, named: str) -> None:
    ours, theirs = pair
    theirs.sendall(sent)
    with pytest.raises(ModelAnswerError, match=named):
        exchange(ours, {'id': 1}, 1.0)
