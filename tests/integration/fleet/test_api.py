import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from parking_fleet.api.app import make_app
from parking_fleet.api.routes import _stream
from parking_fleet.live.events import MissedEvents
from parking_fleet.live.fleet import now_ms
from parking_fleet.places.facilities import place_id
from parking_fleet.service import Service
from parking_fleet.settings import ApiToken, Settings, StoreSettings, Web
from parking_fleet.store.batch import Batch, RejectedEntry
from parking_fleet.store.summaries import local_day_s
from parking_fleet.store.writer import Writer
from tests.support.fleet_messages import count_entry, crossing_entry
from tests.support.patience import PATIENCE_S

RIVERSIDE = place_id('Riverside')


def settings_of(folder: Path, **web: Any) -> Settings:
    return Settings(store=StoreSettings(url=f'sqlite:///{folder}/f.sqlite3'), web=Web(**web))  # type: ignore[arg-type]  # pydantic makes a secret of it


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with Service(settings_of(tmp_path)) as running:
        writer = Writer(running.database, lambda name, ms: local_day_s(running.config.zone(name), ms))
        at_ms = now_ms() - 1_000
        batch = Batch(
            counts=[count_entry(seq=1, cars=4, capacity=10, occupied=4, free=6, at_ms=at_ms)],
            crossings=[crossing_entry(seq=2, at_ms=at_ms, gate='=1+1')],
            rejected=[RejectedEntry('parking/x/count', 'not JSON', b'\xffno', at_ms)],
        )
        running.fleet.apply(writer.write(batch))
        yield running


@pytest.fixture
def client(service: Service) -> TestClient:
    return TestClient(make_app(service), base_url='http://localhost')


def test_facilities_and_devices_are_told_as_they_are_now(client: TestClient) -> None:
    (facility,) = client.get('/api/v1/facilities').json()
    assert (facility['id'], facility['cars'], facility['devices_up']) == (RIVERSIDE, 4, 1)
    assert facility['places'] == {
        'capacity': 10,
        'free': 6,
        'free_most': 6,
        'occupied': 4,
        'occupied_most': 4,
        'unknown': 0,
    }
    floors = client.get(f'/api/v1/facilities/{RIVERSIDE}').json()['floors']
    assert [floor['name'] for floor in floors] == ['P1']
    (device,) = client.get('/api/v1/devices').json()
    assert device['standing'] == 'up'
    assert client.get('/api/v1/devices/device-1').json()['uuid'] == 'device-1'


def test_what_is_not_there_is_not_found(client: TestClient) -> None:
    for path in ('/facilities/nowhere', '/devices/nobody', '/history?facility=nowhere'):
        assert client.get(f'/api/v1{path}').status_code == 404


@pytest.mark.parametrize('step', ['auto', 'minute', 'quarter', 'day'])
def test_history_is_told_in_every_step(client: TestClient, step: str) -> None:
    points = client.get(
        '/api/v1/history',
        params={'facility': RIVERSIDE, 'step': step, 'since': '2020-01-01T00:00:00Z'}
        if step == 'day'
        else {'facility': RIVERSIDE, 'step': step},
    ).json()
    assert points[-1]['cars'] == 4


def test_history_that_is_too_long_or_ends_before_it_begins_is_refused(client: TestClient) -> None:
    long_ago = {'since': '2020-01-01T00:00:00Z', 'step': 'minute'}
    assert client.get('/api/v1/history', params=long_ago).status_code == 422
    backwards = {'since': '2020-01-02T00:00:00Z', 'until': '2020-01-01T00:00:00Z'}
    assert client.get('/api/v1/history', params=backwards).status_code == 422


def test_csv_comes_as_a_file_that_runs_nothing(client: TestClient) -> None:
    answer = client.get('/api/v1/crossings', params={'format': 'csv'})
    assert answer.headers['content-disposition'] == 'attachment; filename="crossings.csv"'
    assert "'=1+1" in answer.text
    assert client.get('/api/v1/history', params={'format': 'csv'}).text.startswith('start,cars,')
    assert client.get('/api/v1/flow').json()[0]['entered'] == 1


def test_the_cars_of_one_device_are_told(client: TestClient) -> None:
    (crossing,) = client.get('/api/v1/crossings', params={'uuid': 'device-1'}).json()
    assert crossing['uuid'] == 'device-1'
    assert client.get('/api/v1/crossings', params={'uuid': 'device-2'}).json() == []


def test_a_stream_ends_with_the_login(service: Service) -> None:
    async def listen() -> list[str]:
        stream = _stream(service.fleet, None, lambda: False)
        first = await anext(stream)
        service.fleet.feed.publish([MissedEvents(1)])
        return [first, *[told async for told in stream]]

    assert asyncio.run(listen()) == [': connected\n\n']


def test_refused_messages_can_be_read(client: TestClient) -> None:
    (refused,) = client.get('/api/v1/quarantine').json()
    assert (refused['reason'], refused['payload'], refused['size_bytes']) == ('not JSON', '\ufffdno', 3)


def test_health_metrics_and_the_description_are_there(client: TestClient) -> None:
    assert client.get('/healthz').json() == {'ok': True, 'trouble': ''}
    text = client.get('/metrics').text
    assert f'parking_fleet_places{{facility="{RIVERSIDE}",state="free"}} 6.0' in text
    paths = client.get('/api/v1/openapi.json').json()['paths']
    assert {'/api/v1/facilities', '/api/v1/history', '/api/v1/events', '/healthz'} <= set(paths)


def test_a_page_from_elsewhere_does_not_reach_us_under_its_own_name(service: Service) -> None:
    stranger = TestClient(make_app(service), base_url='http://evil.example')
    assert stranger.get('/api/v1/facilities').status_code == 400


def test_with_tokens_only_their_owners_come_in(tmp_path: Path) -> None:
    token = ApiToken(name='desk', sha256=hashlib.sha256(b'open sesame').hexdigest())
    with Service(settings_of(tmp_path, tokens=(token,))) as service:
        client = TestClient(make_app(service), base_url='http://localhost')
        for path in ('/api/v1/facilities', '/api/v1/quarantine', '/api/v1/events', '/metrics'):
            assert client.get(path).status_code == 401
            assert client.get(path, headers={'Authorization': 'Bearer wrong'}).status_code == 401
        right = {'Authorization': 'Bearer open sesame'}
        assert client.get('/api/v1/facilities', headers=right).json() == []
        assert client.get('/healthz').status_code == 200


def test_the_command_serves_streams_and_ends_cleanly(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        'PYTHONPATH': str(Path('src/parking_fleet').resolve()),
        'PARKING_FLEET_STORE__URL': f'sqlite:///{tmp_path}/f.sqlite3',
        'PARKING_FLEET_WEB__PORT': '0',
    }
    process = subprocess.Popen(
        [sys.executable, '-m', 'parking_fleet', 'serve'],
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    try:
        assert process.stderr is not None
        url = next(line.split('serving ')[1].strip() for line in process.stderr if 'serving ' in line)
        with httpx.stream('GET', f'{url}/api/v1/events', timeout=PATIENCE_S) as stream:
            lines = stream.iter_lines()
            assert next(lines) == ': connected'
            # Another process, as a worker would, writes; this one tells.
            with Service(settings_of(tmp_path)) as other:
                writer = Writer(other.database, lambda name, ms: local_day_s(other.config.zone(name), ms))
                writer.write(Batch(counts=[count_entry(cars=9, at_ms=now_ms())]))
            following = next(lines for line in lines if line == 'event: camera')
            content = json.loads(next(following).removeprefix('data: '))
            assert (content['camera'], content['cars']) == ('north', 9)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
