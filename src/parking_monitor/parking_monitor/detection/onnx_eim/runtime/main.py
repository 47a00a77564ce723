"""Be the program that an `.eim` file is: `model.eim SOCKET` or `model.eim --print-info`."""

import json
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

from .settings import Settings

SETTINGS = 'model.json'
WEIGHTS = 'model.onnx'


def main(arguments: list[str], read: Callable[[str], bytes]) -> int:
    """Run with the arguments of the command line; `read` returns a file of the archive."""
    settings = Settings.from_json(read(SETTINGS))
    if arguments == ['--print-info']:
        print(json.dumps({**settings.hello, 'success': True}))
        return 0
    if len(arguments) != 1 or arguments[0].startswith('-'):
        print('usage: model.eim SOCKET | model.eim --print-info', file=sys.stderr)
        return 2
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        # Listen first: loading takes longer than connecting, and hello waits for it.
        listener.bind(arguments[0])
        listener.listen(1)
        return _serve(settings, read, listener)


def _serve(settings: Settings, read: Callable[[str], bytes], listener: socket.socket) -> int:
    try:
        from .model import Model  # noqa: PLC0415  (so that the socket is there before it)
        from .server import Server  # noqa: PLC0415
        from .shared_features import SharedFeatures  # noqa: PLC0415
    except ImportError as error:
        print(
            f'{error}: the model needs numpy and onnxruntime in {sys.executable}; install them there '
            '(pip install onnxruntime), or set PARKING_MONITOR_PYTHON to a Python that has them',
            file=sys.stderr,
        )
        return 1
    model = Model(settings, read(WEIGHTS))
    client, _ = listener.accept()
    listener.close()
    width, height = settings.size
    shared = SharedFeatures(width * height)
    try:
        with client:
            Server(model, settings.hello, shared).serve(client)
    except ConnectionError:
        return 0
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        shared.remove()
    return 0


def _leave(*_: Any) -> None:
    raise SystemExit(0)
