"""Read and tidy the tables that the rules in provisioning/cloud fill."""

from typing import Any

from botocore.exceptions import ClientError

from provisioning.aws import Aws, is_missing

DEFAULT_TABLE = 'parking-latest'
_SORT_KEYS = {DEFAULT_TABLE: 'item', 'parking-bays': 'bay'}


NO_TABLE = (
    "there is no table '{table}' that tells which certificate a device uses; deploy provisioning/cloud, "
    'or see for yourself that the device is connected with the new one and say so: --device-has-it'
)


def is_connected_with(aws: Aws, table: str, thing: str, certificate_id: str) -> bool | None:
    """Return whether a device is connected with a certificate now; None when there is no such table.

    AWS IoT tells of each connection which certificate was shown (lifecycle events,
    `principalIdentifier`); the rules keep the last one of each device.
    """
    try:
        connected = _item(aws, table, thing, 'connected')
        disconnected = _item(aws, table, thing, 'disconnected')
    except ClientError as error:
        if is_missing(error):
            return None
        raise
    if connected is None or connected['principalIdentifier'].get('S') != certificate_id:
        return False
    # Another session's end says nothing: an old connection is often closed after the new one began.
    return disconnected is None or disconnected['sessionIdentifier'] != connected['sessionIdentifier']


def _item(aws: Aws, table: str, thing: str, item: str) -> dict[str, dict[str, str]] | None:
    key = {'device': {'S': thing}, 'item': {'S': item}}
    answer = aws.dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)
    found: dict[str, dict[str, str]] | None = answer.get('Item')
    return found


def forget_device(aws: Aws, thing: str) -> int:
    """Delete a device's rows of the present, which would keep the alarm for silent devices on.

    Returns:
        How many there were; none when the stack is not there. The history stays.
    """
    return sum(_delete_rows(aws, table, sort_key, thing) for table, sort_key in _SORT_KEYS.items())


def _delete_rows(aws: Aws, table: str, sort_key: str, thing: str) -> int:
    options: dict[str, Any] = {
        'TableName': table,
        'KeyConditionExpression': 'device = :device',
        'ExpressionAttributeValues': {':device': {'S': thing}},
        # `item` is a reserved word of DynamoDB.
        'ProjectionExpression': 'device, #sort',
        'ExpressionAttributeNames': {'#sort': sort_key},
    }
    deleted = 0
    while True:
        try:
            page = aws.dynamodb.query(**options)
        except ClientError as error:
            if is_missing(error):
                return deleted
            raise
        for key in page['Items']:
            aws.dynamodb.delete_item(TableName=table, Key=key)
            deleted += 1
        if 'LastEvaluatedKey' not in page:
            return deleted
        options['ExclusiveStartKey'] = page['LastEvaluatedKey']
