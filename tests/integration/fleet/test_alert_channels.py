"""Each way of telling alerts, against a real server of its kind."""

import json
import logging
import queue
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MailHandler
from aiosmtpd.smtp import AuthResult
from awscrt import mqtt5
from awsiot import mqtt5_client_builder
from pydantic import TypeAdapter

from demo.broker import OPERATOR, LocalBroker
from demo.identity import CertificateAuthority
from parking_fleet.alerts.book import AlertBook
from parking_fleet.alerts.channels.sending import Sender, make_sender
from parking_fleet.alerts.channels.webhook import SIGNATURE_HEADER, signature
from parking_fleet.alerts.errors import ChannelError
from parking_fleet.alerts.messages import AlertMessage, Message, single
from parking_fleet.alerts.post import Postman
from parking_fleet.alerts.settings import Channel
from parking_fleet.alerts.values import Alert, Change, Delivery
from parking_fleet.service import Service
from parking_fleet.settings import Broker, Settings, StoreSettings
from parking_fleet.store.database import Database
from tests.support.bot_api import BotApi
from tests.support.fleet_messages import NOON_MS
from tests.support.fleet_service import RECEIVER
from tests.support.patience import PATIENCE_S

TOKEN = '12345:AAsecret-of-the-bot'
ALERT = Alert(
    id=7, rule='nearly-full', kind='nearly_full', subject='Riverside', facility='Riverside',
    place='Riverside', text='Riverside is nearly full: 2 of 120 free',
    latest='Riverside is nearly full: 1 of 120 free', advice='open the overflow floor',
    link='/facility/riverside', time_zone='Europe/Berlin', opened_ms=NOON_MS, notified_ms=NOON_MS,
)  # fmt: skip
OTHER = replace(ALERT, id=8)
SENTENCE = 'Riverside is nearly full: 2 of 120 free (13:00). Next: open the overflow floor.'


def channel_of(**told: Any) -> Channel:
    made: Channel = TypeAdapter(Channel).validate_python(told)
    return made


def sender_of(**told: Any) -> Sender:
    return make_sender(channel_of(**told), _no_broker)


def _no_broker(*_: object) -> None:
    raise ChannelError('there is no broker')


def message(change: Change = 'opened') -> Message:
    delivery = Delivery(id=1, channel='x', change=change, made_ms=NOON_MS, alert=ALERT)
    return single(delivery, NOON_MS, 'https://parking.example.org')


class Mailbox(MailHandler):
    def __init__(self) -> None:
        super().__init__()
        self.mails: queue.Queue[Any] = queue.Queue()

    def handle_message(self, message: Any) -> None:
        self.mails.put(message)


def _login(_server: object, _session: object, _envelope: object, _kind: str, given: Any) -> AuthResult:
    # Not handled: the server itself says 535.
    return AuthResult(success=(given.login, given.password) == (b'parking', b'open sesame'), handled=False)


@pytest.fixture
def mail_server(tmp_path: Path) -> Iterator[tuple[Controller, Mailbox, Path]]:
    identity = CertificateAuthority().server(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(identity.certificate, identity.private_key)
    mailbox = Mailbox()
    with socket.create_server(('127.0.0.1', 0)) as free:
        port = free.getsockname()[1]
    server = Controller(
        mailbox, '127.0.0.1',port, tls_context=context, require_starttls=True, authenticator=_login,
        auth_required=True,
    )  # fmt: skip
    server.start()
    yield server, mailbox, identity.ca
    server.stop()


def test_an_e_mail_is_sent_with_a_login_over_tls(mail_server: tuple[Controller, Mailbox, Path]) -> None:
    server, mailbox, ca = mail_server
    port = server.port
    told = {
        'kind': 'email', 'host': 'localhost', 'port': port, 'user': 'parking', 'ca': str(ca),
        'sender': 'parking@example.org', 'recipients': ['desk@example.org', 'night@example.org'],
    }  # fmt: skip
    sender_of(**told, password='open sesame').send(message())
    mail = mailbox.mails.get(timeout=PATIENCE_S)
    assert mail['Subject'] == 'Riverside is nearly full: 2 of 120 free'
    assert mail['To'] == 'desk@example.org, night@example.org'
    assert mail['Auto-Submitted'] == 'auto-generated'
    body = mail.get_payload(decode=True).decode()
    assert body.split() == f'{SENTENCE} https://parking.example.org/facility/riverside'.split()

    with pytest.raises(ChannelError, match=r'refuses the login \(code 535\)') as caught:
        sender_of(**told, password='wrong-word').send(message())
    assert 'wrong-word' not in str(caught.value)
    with pytest.raises(ChannelError, match='no TLS connection'):
        sender_of(**{**told, 'ca': None}, password='open sesame').send(message())


class Hook:
    """Take webhooks, and answer with the next of the given statuses, then with 204."""

    def __init__(self) -> None:
        self.taken: queue.Queue[tuple[dict[str, str], bytes]] = queue.Queue()
        self.statuses: list[int] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers['Content-Length']))
                status = hook.statuses.pop(0) if hook.statuses else 204
                self.send_response(status)
                self.end_headers()
                if status == 204:
                    hook.taken.put((dict(self.headers), body))

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self.server.server_port}/key-of-ours'


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_a_webhook_gets_signed_json(hook: Hook) -> None:
    sender_of(kind='webhook', url=hook.url, secret='ours', headers={'Authorization': 'Bearer x'}).send(
        message()
    )
    headers, body = hook.taken.get(timeout=PATIENCE_S)
    assert headers[SIGNATURE_HEADER] == signature('ours', body)
    assert headers['Authorization'] == 'Bearer x'
    told = AlertMessage.model_validate_json(body)
    assert (told.change, told.text, told.alert.id) == ('opened', SENTENCE, 7)
    assert told.url == 'https://parking.example.org/facility/riverside'


def test_a_webhook_that_refuses_is_named_without_its_address(hook: Hook) -> None:
    hook.statuses = [500]
    with pytest.raises(ChannelError, match='status 500') as caught:
        sender_of(kind='webhook', url=hook.url).send(message())
    assert 'key-of-ours' not in str(caught.value)


def test_telegram_gets_the_text_and_no_log_gets_the_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with BotApi(token=TOKEN, second_s=0.01) as api:
        told = {'kind': 'telegram', 'chat_id': '42', 'base_url': api.base_url}
        sender_of(**told, token=TOKEN).send(message())
        assert api.wait_for_taken(1)[0].text.startswith(SENTENCE)
        failures = []
        for wrong in ({'token': '999:AAother-token'}, {'token': TOKEN, 'chat_id': '43'}):
            with pytest.raises(ChannelError) as caught:
                sender_of(**{**told, **wrong}).send(message())
            failures.append(str(caught.value))
        api.answers.append((429, {'ok': False, 'parameters': {'retry_after': 17}}))
        with pytest.raises(ChannelError, match='too many') as limited:
            sender_of(**told, token=TOKEN).send(message())
        assert limited.value.wait_s == 17
    with pytest.raises(ChannelError) as away:
        sender_of(**told, token=TOKEN).send(message())
    failures.append(str(away.value))
    assert "check the channel's token" in failures[0]
    assert 'check chat_id' in failures[1]
    assert 'AA' not in caplog.text + ''.join(failures)


def test_mqtt_keeps_what_is_open_and_forgets_what_has_ended(tmp_path: Path) -> None:
    with LocalBroker(tmp_path / 'broker', operators=(RECEIVER, OPERATOR)) as broker:
        identity = broker.identity(RECEIVER)
        settings = Settings(
            store=StoreSettings(url=f'sqlite:///{tmp_path}/f.sqlite3'),  # type: ignore[arg-type]  # pydantic makes a secret of it
            broker=Broker(
                host=broker.host, port=broker.port, client_id=RECEIVER, certificate=identity.certificate,
                private_key=identity.private_key, ca=identity.ca,
            ),
        )  # fmt: skip
        with Service(settings) as service:
            sender = make_sender(channel_of(kind='mqtt'), service.publish)
            retry(lambda: sender.send(message()))
            with Listening(broker) as listening:
                topic, payload, is_retained = listening.next()
                assert (topic, is_retained) == ('parking/alerts/7', True)
                assert json.loads(payload)['change'] == 'opened'
                sender.send(message('cleared'))
                assert json.loads(listening.next()[1])['change'] == 'cleared'
                assert listening.next()[1] == b''
            # Only what is kept comes to one who begins to listen now.
            sender.send(
                single(
                    Delivery(id=1, channel='x', change='opened', made_ms=NOON_MS, alert=OTHER), NOON_MS, ''
                )
            )
            with Listening(broker) as later:
                assert later.next()[0] == 'parking/alerts/8'


class Listening:
    """Receive what is published about alerts."""

    def __init__(self, broker: LocalBroker) -> None:
        identity = broker.identity(OPERATOR)
        self._got: queue.Queue[tuple[str, bytes, bool]] = queue.Queue()
        self._ready = threading.Event()
        self._stopped = threading.Event()
        self._client = mqtt5_client_builder.mtls_from_path(
            str(identity.certificate),
            str(identity.private_key),
            endpoint=broker.host,
            port=broker.port,
            ca_filepath=str(identity.ca),
            client_id=OPERATOR,
            enable_metrics_collection=False,
            on_publish_received=lambda data: self._got.put(
                (
                    data.publish_packet.topic,
                    bytes(data.publish_packet.payload or b''),
                    data.publish_packet.retain,
                )
            ),
            on_lifecycle_connection_success=lambda _: self._ready.set(),
            on_lifecycle_stopped=lambda _: self._stopped.set(),
        )

    def __enter__(self) -> 'Listening':
        self._client.start()
        assert self._ready.wait(PATIENCE_S)
        wanted = [mqtt5.Subscription(topic_filter='parking/alerts/#', qos=mqtt5.QoS.AT_LEAST_ONCE)]
        self._client.subscribe(mqtt5.SubscribePacket(subscriptions=wanted)).result(PATIENCE_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.stop()
        assert self._stopped.wait(PATIENCE_S)

    def next(self) -> tuple[str, bytes, bool]:
        return self._got.get(timeout=PATIENCE_S)


def retry(act: Callable[[], None]) -> None:
    """Do it as soon as there is a connection."""
    waiting = threading.Event()
    for _ in range(int(PATIENCE_S * 10)):
        try:
            return act()
        except ChannelError:
            waiting.wait(0.1)
    raise AssertionError('never connected')


class Slow:
    """Take messages, or fail as often as told; can be held."""

    def __init__(self, failures: int = 0) -> None:
        self.got: queue.Queue[Message] = queue.Queue()
        self.tries = 0
        self.failures = failures
        self.may_go = threading.Event()
        self.may_go.set()

    def send(self, message: Message) -> None:
        self.may_go.wait(PATIENCE_S)
        self.tries += 1
        if self.tries <= self.failures:
            raise ChannelError('the mail server is away')
        self.got.put(message)


@pytest.fixture
def book(tmp_path: Path) -> Iterator[AlertBook]:
    database = Database(f'sqlite:///{tmp_path}/fleet.sqlite3')
    database.migrate()
    yield AlertBook(database)
    database.close()


def postman(name: str, sender: Sender, book: AlertBook) -> Postman:
    told = {'kind': 'email', 'host': 'h', 'sender': 'a@b', 'recipients': ['c@d']}
    return Postman(name, channel_of(**told), sender, book, public_url='', clock_ms=lambda: NOON_MS)


def begin(book: AlertBook, number: int, *channels: str, made_ms: int = NOON_MS) -> None:
    book.write(replace(ALERT, id=0, subject=f'lot {number}'), 'opened', channels, made_ms)


def test_a_slow_channel_holds_no_other_and_what_failed_is_tried_again(book: AlertBook) -> None:
    slow, failing = Slow(), Slow(failures=1)
    slow.may_go.clear()
    postmen = [postman('slow', slow, book), postman('failing', failing, book)]
    begin(book, 1, 'slow', 'failing')
    for each in postmen:
        each.start()
    assert failing.got.get(timeout=PATIENCE_S).text.startswith(SENTENCE)
    assert failing.tries == 2
    assert slow.got.empty()
    slow.may_go.set()
    assert slow.got.get(timeout=PATIENCE_S)
    for each in postmen:
        each.stop(PATIENCE_S)
    assert postmen[1].state.trouble == ''
    assert (postmen[1].state.sent, postmen[1].state.failed) == (1, 1)
    assert book.waiting_by_channel() == {}


def test_many_alerts_at_once_come_to_a_person_as_one_message(book: AlertBook) -> None:
    for number in range(40):
        begin(book, number, 'office')
    office = Slow()
    sending = postman('office', office, book)
    sending.start()
    text = office.got.get(timeout=PATIENCE_S).text
    sending.stop(PATIENCE_S)
    assert text.startswith('40 changes of alerts at once.')
    assert 'and 30 more' in text
    assert office.got.empty()


def test_what_waits_too_long_or_is_too_much_is_given_up(
    book: AlertBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('parking_fleet.alerts.book.MOST_WAITING', 3)
    begin(book, 0, 'office', made_ms=NOON_MS - 100_000)
    for number in range(1, 6):
        begin(book, number, 'office')
    assert book.give_up('office', NOON_MS - 50_000) == 3
    assert [each.alert.subject for each in book.waiting('office', 10)] == ['lot 3', 'lot 4', 'lot 5']
    assert book.give_up('office', NOON_MS - 50_000) == 0
