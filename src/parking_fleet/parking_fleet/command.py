"""Take the counts of a fleet of parking monitors in, keep them, and show them.

Settings come from `parking-fleet.yaml` in the present folder (or the file that PARKING_FLEET_FILE names);
a variable wins over it, for example PARKING_FLEET_STORE__URL. A file to begin with:

    broker:
      host: broker.example          # mosquitto, EMQX, or the endpoint of AWS IoT Core
      certificate: fleet/certificate.pem.crt
      private_key: fleet/private.pem.key
      ca: fleet/ca.pem
    store:
      url: sqlite:///parking-fleet.sqlite3    # or postgresql://user:password@host/name
    facilities: facilities.yaml     # names, capacities, time zones, opening hours

`parking-fleet check` says whether all of it is right. One process with SQLite is enough for a thousand
devices; for more, run several `parking-fleet ingest` with PostgreSQL, each with its own
`broker: client_id:` and the same `broker: group:`, and one `parking-fleet serve --no-ingest`.
"""

import contextlib
import hashlib
import json
import logging
import secrets
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from parking_fleet.alerts.command import alerts_app, check_lines
from parking_fleet.errors import FleetError
from parking_fleet.places.facilities import load_facilities
from parking_fleet.service import Service
from parking_fleet.settings import Role, Settings, load_settings, settings_file
from parking_fleet.store.backup import read_backup, write_backup
from parking_fleet.store.database import Database

EXIT_TROUBLE = 1

# The backspace keeps the lines of the example as they are.
_HELP = (__doc__ or '').replace('begin with:\n\n', 'begin with:\n\n\b\n')
app = typer.Typer(add_completion=False, no_args_is_help=True, help=_HELP, rich_markup_mode=None)
app.add_typer(alerts_app, name='alerts')
_output = Console(highlight=False, soft_wrap=True)
_errors = Console(stderr=True, highlight=False, soft_wrap=True)


@app.command()
def serve(
    ingest: Annotated[
        bool, typer.Option(help='Take messages in too; --no-ingest leaves that to workers.')
    ] = True,
) -> None:
    """Take messages in, and serve the API and the dashboard, until Ctrl-C.

    By default at http://127.0.0.1:8080, for this machine alone. To serve others, make a user with
    `parking-fleet password NAME`, put it under `web: users:`, and set `web: host: 0.0.0.0` behind a proxy
    that speaks TLS. Programs get a token of `parking-fleet token NAME`.
    """
    with _told():
        settings = load_settings()
        from parking_fleet.api.server import run_server  # noqa: PLC0415 - a worker alone spares its memory

        run_server(settings, takes_in=ingest)


@app.command(name='ingest')
def ingest_command() -> None:
    """Take messages in, without serving anything, until Ctrl-C or SIGTERM.

    Any number of workers divide the load, each with its own `broker: client_id:` and the
    same `broker: group:`.
    The broker keeps the messages of a worker that is away for `session_expiry_s`: start it again, or
    its share waits that long.
    """
    with _told():
        settings = load_settings()
        if not settings.broker.host:
            raise FleetError('broker.host: no broker is named, so there is nothing to take in')

        stopping = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopping.set())
        with Service(settings, shows=False) as service:
            while not stopping.wait(1.0):
                if service.worker.ended.is_set():
                    # Nothing is lost: what was not stored was not acknowledged.
                    raise FleetError('the writer has ended; see above, and start it again')


@app.command()
def migrate() -> None:
    """Bring the store's tables up to date. `serve` and `ingest` do so themselves."""
    with _told(), _database(load_settings()) as database:
        before = database.revision()[0]
        database.migrate()
        after = database.revision()[0]
        _output.print(
            f'{database.place}: '
            + (f'at {after}' if before == after else f'from {before or "nothing"} to {after}')
        )


@app.command()
def check() -> None:
    """Say whether settings, facilities.yaml and the store are right, and what would be done."""
    with _told():
        settings = load_settings()
        file = settings_file()
        _output.print(f'settings    {file or "defaults and variables; no parking-fleet.yaml here"}')
        config = load_facilities(
            settings.facilities, time_zone=settings.time_zone, interval_s=settings.interval_s
        )
        _output.print(
            f'facilities  {len(config.facilities)} in {settings.facilities or "no facilities.yaml"}'
        )
        broker = settings.broker
        for field in ('certificate', 'private_key', 'ca'):
            path = getattr(broker, field)
            if path is not None and not path.is_file():
                raise FleetError(f'broker.{field}: {path} is not there')
        _output.print(
            f'broker      {broker.host}:{broker.port} as {broker.client_id}, group {broker.group or "none"}'
            if broker.host
            else 'broker      none: nothing is taken in'
        )
        with _database(settings) as database:
            present, wanted = database.revision()
            state = 'up to date' if present == wanted else f'at {present or "nothing"}, will become {wanted}'
            _output.print(f'store       {database.place}: {state}')
        web = settings.web
        who = (
            f'{len(web.users)} users, {len(web.tokens)} tokens'
            if web.needs_login
            else 'no login: this machine alone'
        )
        _output.print(f'web         http://{web.host}:{web.port}, {who}')
        for line in check_lines(settings, config):
            _output.print(escape(line))


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help='The file to write, for example fleet.backup.gz.')],
) -> None:
    """Write the whole store to a file, while it is in use.

    The same file is restored into SQLite or PostgreSQL, whichever it came from: it is the way from
    one to the other too.
    """
    with _told(), _database(load_settings()) as database:
        rows = write_backup(database, file)
        _output.print(f'{rows} rows of {database.place} are in {file}')


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help='What `parking-fleet backup` wrote.')],
) -> None:
    """Fill an empty store from a backup. Stop `serve` and `ingest` first.

    A store that holds anything is left as it is: name another one, for example with
    PARKING_FLEET_STORE__URL.
    """
    with _told(), _database(load_settings()) as database:
        rows = read_backup(database, file)
        _output.print(f'{rows} rows of {file} are in {database.place}')


@app.command()
def token(
    name: Annotated[str, typer.Argument(help='Who or what will use it.')],
    role: Annotated[str, typer.Option(help='reader or operator.')] = 'reader',
) -> None:
    """Make a token for /api/v1. It is shown once; the settings hold its hash alone."""
    _check_role(role)
    made = secrets.token_urlsafe(32)
    _output.print(f'The token, for the header `Authorization: Bearer {made}`')
    _output.print('For parking-fleet.yaml:')
    _output.print('web:\n  tokens:')
    _output.print(
        escape(f'    - {{name: {name}, role: {role}, sha256: {hashlib.sha256(made.encode()).hexdigest()}}}')
    )


@app.command()
def password(
    name: Annotated[str, typer.Argument(help='Who will log in.')],
    role: Annotated[str, typer.Option(help='reader or operator.')] = 'reader',
) -> None:
    """Make a user for the dashboard: ask for a password twice, and print what the settings hold of it.

    A reader looks at everything and changes nothing; an operator may change settings, zones and alerts.
    """
    from parking_fleet.login.users import LEAST_CHARACTERS, hash_password  # noqa: PLC0415 - others spare it

    _check_role(role)
    given = typer.prompt(
        f'Password of {name}, {LEAST_CHARACTERS} characters at least',
        hide_input=True,
        confirmation_prompt=True,
    )
    with _told():
        try:
            hashed = hash_password(given)
        except ValueError as error:
            raise FleetError(str(error)) from None
    _output.print('For parking-fleet.yaml:')
    _output.print('web:\n  users:')
    user = {'name': name, 'role': role, 'password_hash': hashed}
    _output.print(escape(f'    - {json.dumps(user, ensure_ascii=False)}'))


def _check_role(role: str) -> None:
    roles: tuple[Role, ...] = ('reader', 'operator')
    if role not in roles:
        raise typer.BadParameter(f'{role!r} is no role; give reader or operator')


def main() -> None:
    """Run the command."""
    logging.basicConfig(level=logging.INFO, format='%(asctime)s %(levelname)s %(name)s: %(message)s')
    logging.getLogger('alembic').setLevel(logging.WARNING)
    app()


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Tell a person what is wrong, without the stack of calls that led there."""
    try:
        yield
    except FleetError as error:
        _errors.print(f'[bold]parking-fleet:[/] {escape(str(error))}')
        raise typer.Exit(EXIT_TROUBLE) from None


@contextlib.contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    database = Database(settings.store.url.get_secret_value())
    try:
        yield database
    finally:
        database.close()
