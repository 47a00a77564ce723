from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.broker import LocalBroker
from demo.identity import CertificateAuthority
from provisioning.aws import Aws, open_account
from provisioning.names import Place
from provisioning.register import RegisterOptions
from tests.integration.provisioning.aws_account import AwsAccount, aws_account, moto_server
from tests.integration.provisioning.cli import Cli
from tests.integration.provisioning.responder import ACCESS_RULES, Responder


@pytest.fixture(scope='package')
def aws_url() -> Iterator[str]:
    with moto_server() as url:
        yield url


@pytest.fixture
def account(aws_url: str) -> Iterator[AwsAccount]:
    with aws_account(CertificateAuthority('Amazon, as far as the test goes'), aws_url) as running:
        yield running


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], account: AwsAccount, tmp_path: Path) -> Cli:
    return Cli(capsys, account.environment, tmp_path / 'certs')


@pytest.fixture
def aws(account: AwsAccount) -> Aws:
    found = open_account()
    assert found.iot.meta.endpoint_url == account.url
    return found


@pytest.fixture
def options(account: AwsAccount, tmp_path: Path) -> RegisterOptions:
    return RegisterOptions(
        certs=tmp_path / 'certs', ca=account.ca_pem(), place=Place('North Street', '2'), topic='EI_TOPIC'
    )


@pytest.fixture
def broker(account: AwsAccount, tmp_path: Path) -> Iterator[LocalBroker]:
    """Give a broker that knows the account's authority, with access rules like the policies."""
    broker = LocalBroker(tmp_path / 'broker', operators=('operator', 'aws-itself'))
    account.authority = broker.authority
    access = tmp_path / 'broker' / 'acl'
    access.write_text(access.read_text() + ACCESS_RULES)
    with broker:
        yield broker


@pytest.fixture
def responder(broker: LocalBroker, account: AwsAccount) -> Iterator[Responder]:
    with Responder(broker, account) as answering:
        yield answering
