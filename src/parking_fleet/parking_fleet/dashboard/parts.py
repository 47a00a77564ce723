"""Name the parts of pages that are drawn in the browser, and patched as things change."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from nicegui.element import Element

from parking_fleet.dashboard.board import Change
from parking_fleet.dashboard.cards import Card
from parking_fleet.dashboard.rows import DeviceRow

_CARD_FIELDS = tuple(field.name for field in fields(Card))


class FleetCards(Element, component='static/fleet_cards.js'):
    """Draw the cards of all facilities, and what is told of the whole fleet."""

    def __init__(self, present: Change) -> None:
        super().__init__()
        self._props['cards'] = [_row(card) for card in present.cards]
        self._props['tiles'] = [asdict(tile) for tile in present.tiles]

    def patch(self, change: Change) -> None:
        """Show what has changed."""
        self.run_method(
            'patch', [_row(card) for card in change.cards], [asdict(tile) for tile in change.tiles]
        )


def _row(card: Card) -> dict[str, Any]:
    # asdict() copies each number of each trend: of a thousand cards, that is most of the work.
    return {name: getattr(card, name) for name in _CARD_FIELDS}


class DeviceTable(Element, component='static/device_table.js'):
    """Draw the table of all devices."""

    def __init__(self, rows: Sequence[DeviceRow], now_ms: int) -> None:
        super().__init__()
        self._props['rows'] = [asdict(row) for row in rows]
        self._props['now_ms'] = now_ms

    def patch(self, rows: Sequence[DeviceRow], now_ms: int) -> None:
        """Show what has changed."""
        self.run_method('patch', [asdict(row) for row in rows], now_ms)
