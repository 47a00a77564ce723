"""`make demo`, as a newcomer types it."""

import json
from pathlib import Path

from tests.support.pictures import write_clip, write_square_finder
from tests.support.ros_graph import Domain
from tests.support.workspace import ROOT, run

REPORT = ROOT / 'build/demo/report.json'


def test_the_demo_counts_simulated_cars_all_the_way_to_the_broker() -> None:
    REPORT.unlink(missing_ok=True)
    with Domain() as domain:
        result = run(
            'python3',
            '-m',
            'demo',
            '--seconds',
            '10',
            '--first-count-within',
            '300',
            environment={'ROS_DOMAIN_ID': str(domain)},
        )
    assert result.returncode == 0, result.stdout[-2000:]
    report = json.loads(REPORT.read_text())
    assert report['state'] == 'OK'
    assert report['frames'] >= report['detections'] > 0
    assert report['messages_received_by_broker'] >= report['messages_acknowledged'] > 0
    assert report['exact_count_share'] is not None
    assert report['counts_stored'] > 0
    for line in (
        'dashboard: http://127.0.0.1:',
        'first count',
        'camera lane: ',
        'broker EI_TOPIC: {"uuid":"demo-device","cars":',
    ):
        assert line in result.stdout


def test_a_clip_is_played_to_its_end_with_the_given_model(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / 'clip.mp4', [1] * 40 + [3] * 40)
    model = write_square_finder(tmp_path / 'model.eim')
    with Domain() as domain:
        environment = {
            'ROS_DOMAIN_ID': str(domain),
            'SOURCE': str(clip),
            'MODEL': str(model),
            'CONFIDENCE': '0.5',
        }
        result = run('python3', '-m', 'demo', '--first-count-within', '300', environment=environment)
    assert result.returncode == 0, result.stdout[-2000:]
    assert 'camera lane: 3 cars' in result.stdout
    assert json.loads(REPORT.read_text())['exact_count_share'] is None


def test_a_demo_without_counts_fails_and_shows_why(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / 'clip.mp4', [1] * 5)
    broken = tmp_path / 'broken.eim'
    broken.write_text('#!/bin/sh\necho no such accelerator >&2\nexit 3\n')
    broken.chmod(0o755)
    with Domain() as domain:
        environment = {'ROS_DOMAIN_ID': str(domain), 'SOURCE': str(clip), 'MODEL': str(broken)}
        result = run('python3', '-m', 'demo', '--first-count-within', '100', environment=environment)
    assert result.returncode == 1
    assert 'no such accelerator' in result.stdout


def test_a_source_that_is_not_there_is_refused_at_once() -> None:
    result = run('python3', '-m', 'demo', '--source', 'typo.mp4')
    assert result.returncode == 2
    assert 'no file or folder typo.mp4' in result.stderr


def test_a_model_that_is_not_there_is_refused_at_once() -> None:
    result = run('python3', '-m', 'demo', '--model', 'typo.eim')
    assert result.returncode == 2
    assert 'no file typo.eim' in result.stderr
