"""Be a fake `.eim`: the program behind `write_fake_eim`, which imports the standard library alone.

Numbers of a grey or RGB feature are (r << 16) + (g << 8) + b; the largest
channel of a pixel decides whether it is bright.
"""

import array
import json
import mmap
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

BRIGHT = 200
"""A channel above this belongs to a blob."""
CELL = 8


class FakeModel:
    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.hello = settings['hello']
        self.parameters = self.hello['model_parameters']
        self.count = self.parameters['image_input_width'] * self.parameters['image_input_height']
        self.classified = 0
        self.said_hello = False
        self.segment: Path | None = None
        self.memory: mmap.mmap | None = None

    def open_memory(self) -> None:
        name = f'shm-fake-{os.getpid()}'
        self.segment = Path('/dev/shm') / name
        with self.segment.open('x+b') as segment:
            segment.truncate(self.count * 4)
            self.memory = mmap.mmap(segment.fileno(), self.count * 4)
        self.hello['features_shm'] = {
            'elements': self.count,
            'name': f'/{name}',
            'size_bytes': self.count * 4,
            'type': 'float32',
        }

    def close(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # clients interrupt a model that is already leaving
        if self.segment is not None:
            self.segment.unlink(missing_ok=True)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if 'id' not in request:
            return {'error': 'Missing id', 'id': 0, 'success': False}
        return {**self.reply(request), 'id': request['id']}

    def reply(self, request: dict[str, Any]) -> dict[str, Any]:
        if 'hello' in request:
            return self.greet()
        if not self.said_hello:
            return refusal('Say hello first')
        if 'set_threshold' in request:
            return self.set_threshold(request['set_threshold'])
        features = self.features(request)
        if features is None:
            return refusal('Unknown message')
        if len(features) != self.count:
            return refusal('Wrong number of features')
        return self.classify(features)

    def greet(self) -> dict[str, Any]:
        if self.said_hello:
            return refusal('Already said hello')
        if self.settings['hang_in_hello']:
            hang()
        self.said_hello = True
        if self.settings['shared_memory']:
            self.open_memory()
        return dict(self.hello)

    def features(self, request: dict[str, Any]) -> 'array.array[float] | None':
        if 'classify_shm' in request and self.memory is not None:
            features = array.array('f')
            features.frombytes(self.memory[: 4 * request['classify_shm']['elements']])
            return features
        return array.array('f', request['classify']) if 'classify' in request else None

    def set_threshold(self, wanted: dict[str, Any]) -> dict[str, Any]:
        for threshold in self.parameters['thresholds']:
            if threshold['id'] == wanted.get('id'):
                threshold['min_score'] = wanted.get('min_score', threshold['min_score'])
                return {'success': True}
        return refusal('Unknown threshold')

    def classify(self, features: 'array.array[float]') -> dict[str, Any]:
        self.classified += 1
        self.misbehave()
        time.sleep(self.settings['slow_s'])
        answers = self.settings['answers']
        answer = answers[min(self.classified, len(answers)) - 1]
        if isinstance(answer, dict):
            result: dict[str, Any] = {'classification': answer}
        else:
            boxes = self.blobs(features) if self.settings['blobs'] else answer
            result = {'bounding_boxes': [as_entry(box) for box in boxes if self.wanted(box)]}
        timing = {'anomaly': 0, 'classification': 1, 'dsp': 0, 'json': 0, 'msg_handler': 1, 'stdin': 0}
        return {'result': result, 'success': True, 'timing': timing}

    def misbehave(self) -> None:
        if self.classified == self.settings['die_on_classify']:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.classified == self.settings['hang_on_classify']:
            hang()

    def wanted(self, box: Any) -> bool:
        thresholds = self.parameters['thresholds']
        return not (
            self.settings['drop_below_threshold'] and thresholds and box[1] < thresholds[0]['min_score']
        )

    def blobs(self, features: 'array.array[float]') -> list[tuple[str, float, int, int, int, int]]:
        """Find bright areas, as whole boxes or, for FOMO, as the cells that have a bright middle."""
        import numpy as np  # noqa: PLC0415  (only a blob model has the time for it)

        width, height = self.parameters['image_input_width'], self.parameters['image_input_height']
        pixels = np.frombuffer(features, np.float32).astype(np.int32).reshape(height, width)
        bright = np.maximum(np.maximum(pixels >> 16, (pixels >> 8) & 255), pixels & 255) > BRIGHT
        label, score = self.parameters['labels'][0], self.settings['blob_score']
        if self.parameters['model_type'] == 'constrained_object_detection':
            middles = bright[CELL // 2 :: CELL, CELL // 2 :: CELL]
            return [
                (label, score, int(column) * CELL, int(row) * CELL, CELL, CELL)
                for row, column in np.argwhere(middles)
            ]
        return [(label, score, *box) for box in areas(bright)]


def areas(bright: Any) -> list[tuple[int, int, int, int]]:
    """Return the (x, y, width, height) of each area of connected bright pixels of 2x2 and more."""
    remaining = {(int(x), int(y)) for y, x in zip(*bright.nonzero(), strict=True)}
    found = []
    while remaining:
        area, edge = [], [remaining.pop()]
        while edge:
            x, y = edge.pop()
            area.append((x, y))
            beside = {(x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)} & remaining
            remaining -= beside
            edge.extend(beside)
        left, top = min(x for x, _ in area), min(y for _, y in area)
        width, height = max(x for x, _ in area) - left + 1, max(y for _, y in area) - top + 1
        if width > 1 and height > 1:
            found.append((left, top, width, height))
    return sorted(found)


def as_entry(box: Any) -> dict[str, Any]:
    return dict(zip(('label', 'value', 'x', 'y', 'width', 'height'), box, strict=True))


def refusal(error: str) -> dict[str, Any]:
    return {'error': error, 'success': False}


def hang() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(3600)


def requests(client: socket.socket) -> Any:
    """Yield the JSON objects that arrive, by counting braces."""
    received = b''
    while chunk := client.recv(65536):
        received += chunk
        while (end := end_of_object(received)) > 0:
            yield json.loads(received[:end])
            received = received[end:]


def end_of_object(text: bytes) -> int:
    depth = 0
    for position, letter in enumerate(text):
        depth += (letter == ord('{')) - (letter == ord('}'))
        if depth == 0 and letter == ord('}'):
            return position + 1
    return 0


def flood(client: socket.socket) -> None:
    while True:
        client.sendall(b' ')
        time.sleep(0.02)


def serve(model: FakeModel, client: socket.socket) -> None:
    for request in requests(client):
        answer = json.dumps(model.answer(request)).encode()
        if request.keys() & {'classify', 'classify_shm'}:
            if model.classified == model.settings['garbage_on_classify']:
                answer = b'\xff\xfenot json'
            if model.classified == model.settings['flood_on_classify']:
                flood(client)
        client.sendall(answer + b'\n\0')


def main(settings: dict[str, Any]) -> None:
    sys.path.append(settings['packages'])
    if settings['output']:
        print(settings['output'], file=sys.stderr, flush=True)
    if settings['exit_at_start'] is not None:
        sys.exit(settings['exit_at_start'])
    if settings['hang_at_start']:
        hang()
    if settings['blobs']:
        import numpy  # noqa: F401, ICN001, PLC0415  (so that the first classify is as quick as the rest)
    model = FakeModel(settings)
    if sys.argv[1] == '--print-info':
        print(json.dumps(settings['hello']))
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(sys.argv[1])
        listener.listen(1)
        client, _ = listener.accept()
        try:
            serve(model, client)
        except (ConnectionError, KeyboardInterrupt):
            return
        finally:
            model.close()
