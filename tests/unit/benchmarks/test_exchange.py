import io
import json

import pytest

from benchmarks.accuracy_parts.contenders.child import inside_on_the_left
from benchmarks.accuracy_parts.contenders.exchange import Setup, Told, serve
from benchmarks.accuracy_parts.source import Line

SETUP = {'width': 640, 'height': 480, 'rate_hz': 10.0, 'threshold': 0.5, 'bays': {}, 'gates': {}}


class Boxes:
    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._frames = 0

    def count(self, stamp_s: float, boxes: list[list[float]]) -> Told:
        self._frames += 1
        return Told(len(boxes), [f'{stamp_s:g}'], {'frames': (self._frames, self._setup.width)})


def test_a_contender_answers_each_frame_and_begins_anew_with_each_source(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = {'stamp_s': 1.5, 'boxes': [[1, 2, 3, 4, 0.9]]}
    lines = [{'setup': SETUP}, frame, frame, {'setup': SETUP | {'width': 96}}, frame]
    monkeypatch.setattr('sys.stdin', io.StringIO(''.join(json.dumps(line) + '\n' for line in lines)))

    serve(Boxes)

    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one['gates']['frames'] for one in told] == [[1, 640], [2, 640], [1, 96]]
    assert told[0]['cars'] == 1
    assert told[0]['bays'] == ['1.5']


def test_lines_are_turned_so_that_inside_is_on_the_left_as_seen_on_the_screen() -> None:
    to_the_right = ((0.0, 0.5), (1.0, 0.5))
    to_the_left = ((1.0, 0.5), (0.0, 0.5))

    assert inside_on_the_left(Line(*to_the_right, inside=(0.5, 0.1))) == to_the_right
    assert inside_on_the_left(Line(*to_the_left, inside=(0.5, 0.1))) == to_the_right
    assert inside_on_the_left(Line(*to_the_right, inside=(0.5, 0.9))) == to_the_left
