"""Try channels out, and list rules and channels, from the command line."""

import time
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import Console

from parking_fleet.alerts.channels.sending import make_sender
from parking_fleet.alerts.engine import rule_lines
from parking_fleet.alerts.errors import ChannelError
from parking_fleet.alerts.messages import single, trial_alert
from parking_fleet.alerts.values import Delivery
from parking_fleet.errors import FleetError
from parking_fleet.places.facilities import Facilities
from parking_fleet.settings import Settings, load_settings

alerts_app = typer.Typer(no_args_is_help=True, help='Try out how alerts are told.', rich_markup_mode=None)
_output = Console(highlight=False, soft_wrap=True, markup=False)
_errors = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)


@alerts_app.callback()
def alerts() -> None:
    """Try out how alerts are told."""


@alerts_app.command()
def test(name: Annotated[str, typer.Argument(metavar='CHANNEL', help='Its name in the settings.')]) -> None:
    """Send a test message over a channel, and say what came of it."""
    try:
        settings = load_settings()
        _output.print(_send_test(settings, name))
    except FleetError as error:
        _errors.print(f'parking-fleet: {error}')
        raise typer.Exit(1) from None


def check_lines(settings: Settings, config: Facilities) -> Iterator[str]:
    """Return what `parking-fleet check` says of alerts."""
    alerts = settings.alerts
    label = 'alerts'
    for line in rule_lines(alerts.rules.items()):
        yield f'{label:<12}{line}'
        label = ''
    label = 'channels'
    for name, channel in alerts.channels.items():
        rules = [rule for rule, each in alerts.rules.items() if each.enabled and name in alerts.told_by(rule)]
        state = f'for {", ".join(rules) or "no rule"}' if channel.enabled else 'off'
        yield f'{label:<12}{name}: {channel.kind}, {state}'
        label = ''
    if not alerts.channels:
        yield f'{label:<12}none: alerts are shown on the dashboard alone'
    known = {each.name for each in config.facilities} | {each.title for each in config.facilities}
    for rule, each in alerts.rules.items():
        for facility in each.facilities:
            if facility not in known:
                yield f'{"":<12}note: {rule} is for {facility!r}, which facilities.yaml does not name'


def _send_test(settings: Settings, name: str) -> str:
    channel = settings.alerts.channels.get(name)
    if channel is None:
        known = ', '.join(settings.alerts.channels) or 'none'
        raise FleetError(f'alerts.channels: no channel is called {name!r}; there are: {known}')
    moment_ms = time.time_ns() // 1_000_000
    trial = trial_alert(name, settings.time_zone, moment_ms)
    delivery = Delivery(id=0, channel=name, change='test', made_ms=moment_ms, alert=trial)
    make_sender(channel, _only_while_serving).send(single(delivery, moment_ms, settings.web.public_url))
    return f'{name}: the {channel.kind} channel took the test message; look whether it came'


def _only_while_serving(*_: object) -> None:
    # A second connection with the same certificate would end the first one on many brokers.
    raise ChannelError(
        'MQTT alerts go over the connection of `parking-fleet serve`; while it runs, try it with '
        '`curl -X POST http://127.0.0.1:8080/api/v1/alerts/channels/CHANNEL/test`'
    )
