"""Name the parts of pages that are drawn in the browser, and patched as things change."""

from collections.abc import Sequence
from dataclasses import asdict

from nicegui.element import Element

from parking_fleet.dashboard.board import Change
from parking_fleet.dashboard.rows import DeviceRow


class FleetCards(Element, component='static/fleet_cards.js'):
    """Draw the cards of all facilities, and what is told of the whole fleet."""

    def __init__(self, present: Change) -> None:
        super().__init__()
        self._props['cards'] = [asdict(card) for card in present.cards]
        self._props['tiles'] = [asdict(tile) for tile in present.tiles]

    def patch(self, change: Change) -> None:
        """Show what has changed."""
        self.run_method(
            'patch', [asdict(card) for card in change.cards], [asdict(tile) for tile in change.tiles]
        )


class DeviceTable(Element, component='static/device_table.js'):
    """Draw the table of all devices."""

    def __init__(self, rows: Sequence[DeviceRow], now_ms: int) -> None:
        super().__init__()
        self._props['rows'] = [asdict(row) for row in rows]
        self._props['now_ms'] = now_ms

    def patch(self, rows: Sequence[DeviceRow], now_ms: int) -> None:
        """Show what has changed."""
        self.run_method('patch', [asdict(row) for row in rows], now_ms)
