"""Lint the stack's template, and run its functions as they are written there, on moto's DynamoDB."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
import pytest

from provisioning.aws import Aws
from tests.integration.provisioning.aws_account import AwsAccount
from tests.integration.provisioning.tables import make_table, rows
from tests.unit.provisioning.cloud_template import PATH, function_source

Handler = Callable[[dict[str, Any], None], Any]
AT = '2026-03-01T08:15:30.250Z'


def load(account: AwsAccount, resource: str, **variables: str) -> Handler:
    """Make the handler of a function of the template, as Lambda would."""
    space: dict[str, Any] = {}
    environment = {**account.environment, **variables}
    with patch.dict('os.environ', environment):
        exec(function_source(resource), space)  # noqa: S102  (it is the project's own source, in YAML)

    def handler(event: dict[str, Any], context: None) -> Any:
        with patch.dict('os.environ', environment):
            return space['handler'](event, context)

    return handler


@pytest.fixture
def write_bays(account: AwsAccount, aws: Aws) -> Handler:
    return load(account, 'BayWriter', TABLE=make_table(aws, 'parking-bays', 'bay'))


def event(seq: int, *bays: dict[str, Any], camera: str = 'north') -> dict[str, Any]:
    """What the rule hands over, with the keys of the count message."""
    return {'device': 'garage-1', 'camera': camera, 'observed_at': AT, 'seq': seq, 'bays': list(bays)}


def bay(name: str, state: str, **more: Any) -> dict[str, Any]:
    return {'name': name, 'state': state, 'confidence': 0.9, **more}


def states(aws: Aws) -> dict[str, tuple[str, str]]:
    return {row['bay']['S']: (row['state']['S'], row['seq']['N']) for row in rows(aws, 'parking-bays')}


def test_each_bay_has_a_row(aws: Aws, write_bays: Handler) -> None:
    write_bays(event(1, bay('A1', 'FREE'), bay('A2', 'UNKNOWN', last='OCCUPIED')), None)
    write_bays(event(2, bay('A1', 'OCCUPIED'), camera='south'), None)
    assert states(aws) == {
        'north#A1': ('FREE', '1'),
        'north#A2': ('UNKNOWN', '1'),
        'south#A1': ('OCCUPIED', '2'),
    }
    (unseen,) = (row for row in rows(aws, 'parking-bays') if row['bay']['S'] == 'north#A2')
    assert unseen['last']['S'] == 'OCCUPIED'
    assert unseen['observed_at']['S'] == AT


def test_only_bays_that_changed_are_written(aws: Aws, write_bays: Handler) -> None:
    write_bays(event(1, bay('A1', 'FREE'), bay('A2', 'FREE')), None)
    write_bays(event(2, bay('A1', 'OCCUPIED'), bay('A2', 'FREE', confidence=0.5)), None)
    assert states(aws) == {'north#A1': ('OCCUPIED', '2'), 'north#A2': ('FREE', '1')}


def test_a_message_that_comes_late_or_twice_changes_nothing(aws: Aws, write_bays: Handler) -> None:
    write_bays(event(7, bay('A1', 'OCCUPIED')), None)
    for seq in (7, 6):
        write_bays(event(seq, bay('A1', 'FREE')), None)
    assert states(aws) == {'north#A1': ('OCCUPIED', '7')}


def test_devices_that_fell_silent_are_counted(account: AwsAccount, aws: Aws) -> None:
    table = make_table(aws, 'parking-latest', 'item')
    now_ms = time.time() * 1000
    heard = {
        ('garage-1', 'count#north'): now_ms - 60_000,
        ('garage-1', 'count#south'): now_ms - 3_600_000,  # one of two cameras is enough
        ('garage-2', 'count#north'): now_ms - 601_000,
        ('garage-3', 'presence'): now_ms - 9_000_000,  # no count yet
    }
    for (device, item), at_ms in heard.items():
        row = {'device': {'S': device}, 'item': {'S': item}, 'received_ms': {'N': str(int(at_ms))}}
        aws.dynamodb.put_item(TableName=table, Item=row)
    watch = load(account, 'Watch', TABLE=table, NAMESPACE='parking', SILENT_AFTER_MINUTES='10')
    assert watch({}, None) == {'silent': ['garage-2']}
    metrics = boto3.client('cloudwatch').list_metrics(Namespace='parking')['Metrics']
    assert {metric['MetricName'] for metric in metrics} >= {'SilentDevices', 'Devices'}


def test_cfn_lint_finds_nothing() -> None:
    linter = Path(sys.executable).with_name('cfn-lint')
    ended = subprocess.run([linter, PATH], capture_output=True, text=True, timeout=800, check=False)
    assert (ended.returncode, ended.stdout) == (0, '')
