"""Make and fill DynamoDB tables as the stack's template and rules do."""

from typing import Any

from provisioning.aws import Aws


def make_table(aws: Aws, name: str, sort_key: str) -> str:
    keys = {'device': 'HASH', sort_key: 'RANGE'}
    aws.dynamodb.create_table(
        TableName=name,
        BillingMode='PAY_PER_REQUEST',
        AttributeDefinitions=[{'AttributeName': key, 'AttributeType': 'S'} for key in keys],
        KeySchema=[{'AttributeName': key, 'KeyType': kind} for key, kind in keys.items()],
    )
    return name


def put(aws: Aws, table: str, row: dict[str, str]) -> None:
    aws.dynamodb.put_item(TableName=table, Item={key: {'S': value} for key, value in row.items()})


def rows(aws: Aws, table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = aws.dynamodb.scan(TableName=table)['Items']
    return found
