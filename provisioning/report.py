"""Show ledgers and lists as tables for people, or as JSON for programs."""

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from provisioning.ledger import WAITING, Entry, Ledger, Outcome
from provisioning.listing import Device

_STYLES = {
    Outcome.MADE: 'green',
    Outcome.CHANGED: 'green',
    Outcome.REMOVED: 'yellow',
    Outcome.WOULD: 'cyan',
    Outcome.PASSED: 'green',
    Outcome.FAILED: 'bold red',
}
_EXPLAINED = frozenset({Outcome.FAILED, Outcome.NOTE})


def show_ledgers(console: Console, command: str, ledgers: Sequence[Ledger], *, as_json: bool) -> None:
    """Print what exists and what was done, a table for each subject."""
    if as_json:
        _print_json(
            console,
            {
                'command': command,
                'failed': any(ledger.failed for ledger in ledgers),
                'changed': any(ledger.acted and not ledger.dry_run for ledger in ledgers),
                'subjects': [ledger.as_json() for ledger in ledgers],
            },
        )
        return
    for ledger in ledgers:
        table = Table('what', 'name', 'outcome', box=None, title=escape(ledger.subject), title_justify='left')
        for entry in ledger.entries:
            table.add_row(entry.what, escape(_shortened(entry)), _outcome(entry))
        console.print(table)
        for entry in ledger.entries:
            if entry.outcome in _EXPLAINED and entry.detail:
                console.print(
                    f'  {entry.what}: {entry.detail}', markup=False, highlight=False, soft_wrap=True
                )
        console.print(f'{ledger.subject}: {_summary(ledger)}\n', markup=False, highlight=False)


def show_devices(console: Console, devices: Sequence[Device], *, as_json: bool) -> None:
    """Print the devices of an account."""
    if as_json:
        _print_json(console, {'command': 'list', 'devices': [_device_json(device) for device in devices]})
        return
    if not devices:
        console.print('no devices yet; begin with: parking-provision register NAME')
        return
    table = Table('thing', 'facility', 'floor', 'certificate', 'expires', 'last seen (UTC)', box=None)
    for device in devices:
        expires = f'{device.expires:%Y-%m-%d}' if device.expires else ''
        row = (device.thing, device.facility, device.floor, device.status.lower(), expires, _seen(device))
        table.add_row(*row, style='bold red' if device.attention else '')
    console.print(table)
    for device in devices:
        if device.attention:
            console.print(
                f'  {device.thing}: {device.attention}', markup=False, highlight=False, soft_wrap=True
            )
    waiting = sum(bool(device.attention) for device in devices)
    noun = 'device' if len(devices) == 1 else 'devices'
    console.print(f'{len(devices)} {noun}, {waiting or "none"} in want of attention', highlight=False)


def _seen(device: Device) -> str:
    if device.last_seen is None:
        return 'not known'
    state = 'connected since' if device.connected else 'gone since'
    return f'{state} {device.last_seen:%Y-%m-%d %H:%M}'


def _outcome(entry: Entry) -> str:
    style = _STYLES.get(entry.outcome)
    detail = '' if entry.outcome in {*_EXPLAINED, Outcome.WOULD} or not entry.detail else f': {entry.detail}'
    text = f'{entry.text}{escape(detail)}'
    return f'[{style}]{text}[/]' if style else text


def _shortened(entry: Entry) -> str:
    # A certificate's id is 64 digits: twelve are enough to tell two apart; --json has all of them.
    return f'{entry.name[:12]}...' if 'certificate' in entry.what and len(entry.name) == 64 else entry.name


def _summary(ledger: Ledger) -> str:
    if ledger.failed:
        return 'something failed, see above'
    if ledger.dry_run:
        return 'dry run, nothing was changed' if ledger.acted else 'dry run; nothing would be changed'
    if any(entry.what == WAITING for entry in ledger.entries):
        return 'not finished yet, see above'
    if ledger.acted:
        return 'done'
    if any(entry.outcome is Outcome.PASSED for entry in ledger.entries):
        return 'all checks passed'
    return 'nothing was changed, all is as it should be'


def _device_json(device: Device) -> dict[str, Any]:
    return {
        'thing': device.thing,
        'facility': device.facility,
        'floor': device.floor,
        'certificates': device.certificates,
        'status': device.status,
        'expires': _iso(device.expires),
        'connected': device.connected,
        'last_seen': _iso(device.last_seen),
        'attention': device.attention,
    }


def _iso(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _print_json(console: Console, content: dict[str, Any]) -> None:
    console.print(json.dumps(content, indent=2), markup=False, highlight=False, soft_wrap=True)
