"""Open the AWS account, and say its refusals in plain words."""

from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
)

from provisioning.errors import AwsError, ProvisionError

AWS_ERRORS = (ClientError, BotoCoreError)
"""Everything that botocore raises for a call that did not succeed."""

# The control plane answers in well under a second; throttling is waited out by the retries.
_CONFIG = Config(connect_timeout=10, read_timeout=30, retries={'mode': 'standard', 'max_attempts': 8})

_ADVICE = {
    'AccessDenied': 'give that user the permissions in provisioning/policies/operator.json',
    'AccessDeniedException': 'give that user the permissions in provisioning/policies/operator.json',
    'UnauthorizedException': 'give that user the permissions in provisioning/policies/operator.json',
    'UnrecognizedClientException': 'the access key is not valid; run `aws configure` again',
    'InvalidClientTokenId': 'the access key is not valid; run `aws configure` again',
    'SignatureDoesNotMatch': 'the secret key or the clock of this machine is wrong',
    'RequestExpired': 'the clock of this machine is wrong; correct it',
    'ExpiredToken': 'sign in again: `aws sso login`',
    'ExpiredTokenException': 'sign in again: `aws sso login`',
    'ThrottlingException': 'too many calls at once; run the same command again, it goes on where it stopped',
    'LimitExceededException': 'a quota of the account is used up; ask AWS for more in Service Quotas',
}
_LOCAL_ADVICE: dict[type[Exception], str] = {
    NoCredentialsError: 'no AWS credentials were found; run `aws configure`, or set AWS_PROFILE',
    PartialCredentialsError: 'the AWS credentials are incomplete; run `aws configure` again',
    NoRegionError: 'no region was named; give --region, for example --region eu-west-1',
    ProfileNotFound: 'the profile does not exist; see `aws configure list-profiles`',
    EndpointConnectionError: 'AWS cannot be reached; check network, proxy and --region',
    ConnectTimeoutError: 'AWS does not answer; check network, proxy and --region',
    ReadTimeoutError: 'AWS does not answer; run the same command again, it goes on where it stopped',
}


class Aws:
    """Hold the clients of one account and region; those that few commands need are made when asked for.

    Attributes:
        iot: the control plane of IoT Core.
        account: twelve digits.
        region: as in ARNs.
        partition: `aws`, `aws-cn` or `aws-us-gov`.
    """

    def __init__(self, session: boto3.Session) -> None:
        caller = session.client('sts', config=_CONFIG).get_caller_identity()
        self._session = session
        self.iot: Any = session.client('iot', config=_CONFIG)
        self.account: str = caller['Account']
        self.region: str = session.region_name
        self.partition: str = caller['Arn'].split(':')[1]

    @cached_property
    def iot_data(self) -> Any:
        """Return the client for shadows and retained messages."""
        return self._session.client('iot-data', config=_CONFIG)

    @cached_property
    def dynamodb(self) -> Any:
        """Return the client for the tables of the stack in provisioning/cloud."""
        return self._session.client('dynamodb', config=_CONFIG)

    def iot_arn(self, resource: str) -> str:
        """Return the ARN of an IoT resource, for example `topic/EI_TOPIC`."""
        return f'arn:{self.partition}:iot:{self.region}:{self.account}:{resource}'


def open_account(region: str | None = None, profile: str | None = None) -> Aws:
    """Find credentials as the AWS CLI does, and ask whose they are.

    Raises:
        AwsError: when there are none, or AWS does not take them.
    """
    try:
        session = boto3.Session(region_name=region, profile_name=profile)
        if not session.region_name:
            raise NoRegionError
        return Aws(session)
    except AWS_ERRORS as error:
        raise explain(error) from None


def error_code(error: ClientError) -> str:
    """Return the code of a refusal."""
    return str(error.response.get('Error', {}).get('Code', ''))


def is_missing(error: ClientError) -> bool:
    """Return whether a refusal says that something does not exist."""
    return error_code(error) in {'ResourceNotFoundException', 'ResourceNotFound'}


def explain(error: ClientError | BotoCoreError) -> ProvisionError:
    """Return a refusal or failure in plain words, with what to do."""
    if isinstance(error, ClientError):
        code = error_code(error)
        message = error.response.get('Error', {}).get('Message', '').partition('\n')[0].strip(' .')
        advice = _ADVICE.get(
            code, 'run the same command again; if it stays, look the code up in the AWS docs'
        )
        return AwsError(f'AWS refused {error.operation_name}: {code}: {message}; {advice}')
    for kind, advice in _LOCAL_ADVICE.items():
        if isinstance(error, kind):
            return AwsError(advice)
    return AwsError(f'AWS could not be asked: {error}')
