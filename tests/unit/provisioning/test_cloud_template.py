import json
import re
from typing import Any

import pytest

from parking_monitor.cloud import topics
from parking_monitor.cloud.messages import CountMessage, CrossingMessage, Origin, count_message
from parking_monitor.values import Count, CountState
from tests.unit.provisioning.cloud_template import function_source, resources

RULES = {name: one for name, one in resources().items() if one['Type'] == 'AWS::IoT::TopicRule'}
TABLES = {name: one for name, one in resources().items() if one['Type'] == 'AWS::DynamoDB::Table'}
ROLES = {name: one for name, one in resources().items() if one['Type'] == 'AWS::IAM::Role'}


def sql(rule: str) -> str:
    text = RULES[rule]['Properties']['TopicRulePayload']['Sql']
    return str(text['Fn::Sub'] if isinstance(text, dict) else text)


def columns(rule: str) -> set[str]:
    """Return the names of the columns that a rule's SELECT makes."""
    selected = re.search(r'SELECT (.*?) FROM', sql(rule), re.DOTALL)
    assert selected is not None
    without_calls = re.sub(r'concat\([^()]*(\([^()]*\)[^()]*)*\)|get\([^()]*\)', 'x', selected[1])
    return {part.strip().rpartition(' ')[2] for part in without_calls.split(',')}


def written_tables(rule: str) -> list[str]:
    actions = RULES[rule]['Properties']['TopicRulePayload']['Actions']
    return [one['DynamoDBv2']['PutItem']['TableName']['Ref'] for one in actions if 'DynamoDBv2' in one]


@pytest.mark.parametrize('rule', sorted(RULES))
def test_a_rule_makes_the_keys_of_each_table_it_writes_to(rule: str) -> None:
    made = columns(rule)
    for table in written_tables(rule):
        keys = {key['AttributeName'] for key in TABLES[table]['Properties']['KeySchema']}
        assert keys <= made, (rule, table)
        if table == 'HistoryTable':
            assert TABLES[table]['Properties']['TimeToLiveSpecification']['AttributeName'] in made


@pytest.mark.parametrize('rule', sorted(RULES))
def test_a_rule_that_fails_says_so_in_the_log(rule: str) -> None:
    payload = RULES[rule]['Properties']['TopicRulePayload']
    assert payload['ErrorAction']['CloudwatchLogs']['LogGroupName'] == {'Ref': 'RuleErrors'}
    assert payload['AwsIotSqlVersion'] == '2016-03-23'


@pytest.mark.parametrize(
    ('rule', 'topic'),
    [
        ('CountRule', topics.count_topic('garage-1')),
        ('HistoryRule', topics.history_topic('garage-1')),
        ('CrossingRule', topics.crossing_topic('garage-1')),
        ('PresenceRule', topics.status_topic('garage-1')),
    ],
)
def test_a_rule_listens_where_devices_publish(rule: str, topic: str) -> None:
    (listened,) = re.findall(r"FROM '([^']+)'", sql(rule))
    assert re.fullmatch(listened.replace('+', '[^/]+'), topic)
    assert 'topic(2) AS device' in sql(rule)
    assert topic.split('/')[1] == 'garage-1'


def test_the_columns_of_a_count_are_keys_of_the_message() -> None:
    message = count_message(
        Count(stamp_ns=1, state=CountState.OK, cars=3),
        Origin(uuid='u', camera='north', facility='f', floor='2'),
        seq=1,
        now_ns=1,
    )
    keys = set(json.loads(message.model_dump_json(by_alias=True)))
    made_here = {'device', 'item', 'at', 'expires', 'received_ms', 'exited'}
    assert isinstance(message, CountMessage)
    assert columns('CountRule') - made_here <= keys
    assert columns('HistoryRule') == columns('CountRule')
    for key in ('uuid', 'cars', 'seq', 'observed_at', 'state', 'entered', 'net'):
        assert key in columns('CountRule')


def test_the_columns_of_a_crossing_are_keys_of_the_message_and_none_is_left_out() -> None:
    keys = {field.alias or name for name, field in CrossingMessage.model_fields.items()}
    assert columns('CrossingRule') - {'device', 'item', 'at', 'expires', 'received_ms'} == (
        keys - {'schema'} | {'facility'}
    )
    assert "concat(observed_at, '#', topic(2), '#', camera, '#crossing#', seq) AS at" in sql('CrossingRule')
    assert written_tables('CrossingRule') == ['HistoryTable']


def test_history_is_stored_once_however_often_a_message_comes() -> None:
    for rule in ('CountRule', 'HistoryRule'):
        assert "concat(observed_at, '#', topic(2), '#', camera, '#', seq) AS at" in sql(rule)


def test_no_role_may_do_more_than_its_work() -> None:
    for name, role in ROLES.items():
        for policy in role['Properties']['Policies']:
            for statement in policy['PolicyDocument']['Statement']:
                actions = (
                    statement['Action'] if isinstance(statement['Action'], list) else [statement['Action']]
                )
                assert not any('*' in action for action in actions), name
                if statement['Resource'] == '*':
                    assert statement.get('Condition') or name == 'ProvisioningRole', name
        assert 'ManagedPolicyArns' not in role['Properties']


def test_a_role_that_iot_takes_on_is_for_this_account_alone() -> None:
    for name in ('RuleRole', 'ProvisioningRole'):
        (trust,) = ROLES[name]['Properties']['AssumeRolePolicyDocument']['Statement']
        assert trust['Condition'] == {'StringEquals': {'aws:SourceAccount': {'Ref': 'AWS::AccountId'}}}


def test_data_survives_the_stack() -> None:
    for table in TABLES.values():
        assert table['DeletionPolicy'] == table['UpdateReplacePolicy'] == 'Retain'


def test_the_alarm_rings_too_when_the_watch_itself_is_dead() -> None:
    alarm: dict[str, Any] = resources()['SilentAlarm']['Properties']
    assert alarm['TreatMissingData'] == 'breaching'
    assert f"'{alarm['MetricName']}'" in function_source('Watch')
    assert alarm['Namespace'] == resources()['Watch']['Properties']['Environment']['Variables']['NAMESPACE']


@pytest.mark.parametrize('function', ['BayWriter', 'Watch'])
def test_the_functions_compile_and_fit_into_the_template(function: str) -> None:
    source = function_source(function)
    compile(source, function, 'exec')
    assert len(source) <= 4096
