"""Score the default model beside public detectors: `python -m benchmarks.model`.

Prints tables, writes `build/bench/model.json` and two contact sheets beside it. Parts
whose data is absent are skipped, with the reason.
"""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.model_detectors import Detector, median_times
from benchmarks.model_scoring import Found, Verdicts, joined, judge, occupied_spaces
from benchmarks.model_sets import SEQUENCES, LotFrame, lane_frames, lot_frames, simulated_scenes
from benchmarks.model_sheets import Sheet
from benchmarks.results import FOLDER as OUT
from benchmarks.results import write

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / 'shared'
MODELS = ROOT / 'models'

PUBLIC = {'nanodet_m_416': 'nanodet_m_416.onnx', 'yolox_nano_416': 'yolox_nano_416x416.onnx'}
OWN = 'default'
OWN_THRESHOLD = 0.5
"""The threshold of a detector that nobody configured; the model's scores are scaled to it."""
FRAMES_A_SCENE = 12
THRESHOLDS = np.arange(0.05, 0.951, 0.01)

Report = dict[str, Any]


def main() -> None:
    """Run all parts."""
    OUT.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    skipped: list[str] = []
    detectors = [Detector(OWN, MODELS / 'default.onnx'), *_public_detectors(skipped)]
    sheet = Sheet()
    report: Report = {'simulation': _simulation(detectors, sheet)}
    sheet.write(OUT / 'model-scenes.jpg')
    real = Sheet()
    if (SHARED / 'footage' / 'lot').is_dir():
        report['lot'] = _lot(detectors, real)
    else:
        skipped.append('lot: ../shared/footage/lot is absent')
    if (SHARED / 'footage' / 'lane').is_dir():
        report['lane'] = _lane(detectors, real)
    else:
        skipped.append('lane: ../shared/footage/lane is absent')
    real.write(OUT / 'model-real.jpg')
    report['speed'] = median_times(detectors, np.full((480, 640, 3), 90, np.uint8))
    report['skipped'] = skipped
    report['seconds'] = round(time.monotonic() - begun)
    _print_report(report)
    write('model', _summary(report, detectors[0]), **report)


def _public_detectors(skipped: list[str]) -> list[Detector]:
    found = []
    for name, file in PUBLIC.items():
        path = SHARED / 'models' / file
        if path.exists():
            found.append(Detector(name, path))
        else:
            skipped.append(f'{name}: ../shared/models/{file} is absent')
    return found


def _simulation(detectors: list[Detector], sheet: Sheet) -> Report:
    """Score held-out simulated frames, by scene and in all."""
    verdicts: dict[str, dict[str, Verdicts]] = {detector.name: {} for detector in detectors}
    for scene, frames in simulated_scenes(FRAMES_A_SCENE):
        for detector in detectors:
            found = [detector.find(frame.image) for frame in frames]
            judged = [judge(one, frame.wanted) for one, frame in zip(found, frames, strict=True)]
            verdicts[detector.name][scene] = joined(judged)
            if detector.name == OWN:
                for index in (len(frames) // 3, 2 * len(frames) // 3):
                    sheet.add(f'{scene} {index}', frames[index].image, _kept(found[index], OWN_THRESHOLD))
    report: Report = {}
    for name, by_scene in verdicts.items():
        together = joined(by_scene.values())
        threshold = OWN_THRESHOLD if name == OWN else together.best_threshold()
        report[name] = {'threshold': round(threshold, 2), 'all': _rates(together, threshold)} | {
            'scenes': {scene: _rates(judged, threshold) for scene, judged in by_scene.items()}
        }
        if name == OWN:
            report[name]['recall_at_precision_0.95'] = _recall_at_precision(together, 0.95)
    return report


def _rates(verdicts: Verdicts, threshold: float) -> Report:
    recall, precision = verdicts.at(threshold)
    return {'recall': round(recall, 4), 'precision': round(precision, 4), 'cars': verdicts.asked}


def _recall_at_precision(verdicts: Verdicts, precision: float) -> float:
    reached = [recall for recall, at in (verdicts.at(float(t)) for t in THRESHOLDS) if at >= precision]
    return round(max(reached, default=0.0), 4)


def _lot(detectors: list[Detector], sheet: Sheet) -> Report:
    """Score the lot's marked spaces: the shipped model, those left without a sequence, the public ones."""
    sequences = {name: lot_frames(SHARED / 'footage' / 'lot', name) for name in SEQUENCES}
    report: Report = {}
    for detector in detectors:
        scored = {name: _space_scores(detector, frames) for name, frames in sequences.items()}
        threshold = OWN_THRESHOLD if detector.name == OWN else _best_space_threshold(scored)
        label = 'default (saw these frames in training)' if detector.name == OWN else detector.name
        report[label] = _space_rates(scored, threshold)
    scored = {}
    for name, frames in sequences.items():
        path = MODELS / 'leave_one_out' / f'without_{name}.onnx'
        if not path.exists():
            continue
        detector = Detector(f'without {name}', path)
        scored[name] = _space_scores(detector, frames)
        for frame in frames[-2:]:
            sheet.add(
                f'{detector.name}: {frame.name}',
                frame.image,
                _kept(detector.find(frame.image), OWN_THRESHOLD),
            )
    if scored:
        report['leave one out'] = _space_rates(scored, OWN_THRESHOLD)
    return report


SpaceScores = list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]


def _space_scores(detector: Detector, frames: list[LotFrame]) -> SpaceScores:
    """Return for each frame the score of each space, and which are occupied."""
    return [(occupied_spaces(detector.find(frame.image), frame.spaces), frame.occupied) for frame in frames]


def _space_rates(scored: dict[str, SpaceScores], threshold: float) -> Report:
    rates = {name: _counts(parts, threshold) for name, parts in scored.items()}
    rates['all'] = _counts([part for parts in scored.values() for part in parts], threshold)
    return {'threshold': round(threshold, 2)} | rates


def _counts(parts: SpaceScores, threshold: float) -> Report:
    scores = np.concatenate([scores for scores, _ in parts])
    occupied = np.concatenate([occupied for _, occupied in parts])
    called = scores >= threshold
    return {
        'occupied': int(occupied.sum()),
        'recall': round(float(called[occupied].mean()), 4) if occupied.any() else None,
        'empty': int((~occupied).sum()),
        'empty_called_occupied': round(float(called[~occupied].mean()), 4),
    }


def _best_space_threshold(scored: dict[str, SpaceScores]) -> float:
    def balance(threshold: float) -> float:
        rates = _space_rates(scored, threshold)['all']
        return float(rates['recall'] - rates['empty_called_occupied'])

    return float(max(THRESHOLDS, key=balance))


def _lane(detectors: list[Detector], sheet: Sheet) -> Report:
    """Score the lane clip: is a car found where one is shown, and none where none is."""
    best: dict[str, list[float]] = {detector.name: [] for detector in detectors}
    shown: list[bool | None] = []
    for number, answer, image in lane_frames(SHARED / 'footage' / 'lane'):
        shown.append(answer)
        for detector in detectors:
            found = detector.find(image)
            best[detector.name].append(float(found.scores.max(initial=0)))
            if detector.name == OWN and number % 24 == 12:
                sheet.add(f'lane {number}', image, _kept(found, OWN_THRESHOLD))
    with_car = np.array([answer is True for answer in shown])
    empty = np.array([answer is False for answer in shown])
    report: Report = {'frames_with_car': int(with_car.sum()), 'empty_frames': int(empty.sum())}
    for name, listed in best.items():
        scores = np.array(listed)
        threshold = OWN_THRESHOLD
        if name != OWN:
            threshold = float(
                max(THRESHOLDS, key=lambda t: (scores[with_car] >= t).mean() - (scores[empty] >= t).mean())
            )
        report[name] = {
            'threshold': round(threshold, 2),
            'recall': round(float((scores[with_car] >= threshold).mean()), 4),
            'false_frames': round(float((scores[empty] >= threshold).mean()), 4),
        }
    return report


def _kept(found: Found, threshold: float) -> Found:
    kept = found.scores >= threshold
    return Found(found.boxes[kept], found.scores[kept])


def _summary(report: Report, own: Detector) -> Report:
    simulated, speed = report['simulation'][OWN]['all'], report['speed']
    lot = report.get('lot', {}).get('leave one out', {}).get('all', {})
    lane = report.get('lane', {}).get(OWN, {})
    others = [speed[name] / speed[OWN] for name in PUBLIC if name in speed]
    return {
        'sim_recall': simulated['recall'],
        'sim_precision': simulated['precision'],
        'lot_recall': lot.get('recall'),
        'lot_empty_called_occupied': lot.get('empty_called_occupied'),
        'lane_recall': lane.get('recall'),
        'lane_false_frames': lane.get('false_frames'),
        'ms_per_frame': round(speed[OWN], 2),
        'speedup_vs_nanodet': round(speed['nanodet_m_416'] / speed[OWN], 2)
        if 'nanodet_m_416' in speed
        else None,
        'least_speedup': round(min(others), 2) if others else None,
        'model_mb': round(own.megabytes, 3),
    }


def _print_report(report: Report) -> None:
    print('simulated scenes, held-out seeds (recall / precision of cars at least half visible)')
    names = list(report['simulation'])
    print(f'{"":24}' + ''.join(f'{name:>20}' for name in names))
    scenes = report['simulation'][OWN]['scenes']
    rows = [(scene, [report['simulation'][name]['scenes'][scene] for name in names]) for scene in scenes]
    for scene, cells in [*rows, ('all', [report['simulation'][name]['all'] for name in names])]:
        print(f'{scene:24}' + ''.join(f'{cell["recall"]:>11.3f} / {cell["precision"]:.3f}' for cell in cells))
    for title in ('lot', 'lane'):
        for name, row in report.get(title, {}).items():
            print(f'{title}: {name}: {json.dumps(row)}')
    print(f'milliseconds a frame on one core: {json.dumps(report["speed"])}')
    for reason in report['skipped']:
        print(f'skipped {reason}')


if __name__ == '__main__':
    main()
