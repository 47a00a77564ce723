"""Name the part of the page on which zones are drawn, and tell it what there is."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from nicegui.element import Element
from nicegui.events import GenericEventArguments

from parking_fleet.zones.history import History
from parking_fleet.zones.words import view_shapes

EMPTY_PICTURE: Mapping[str, Any] = {'src': '', 'width': 1280, 'height': 720}
"""What is drawn on as long as there is no picture."""


class ZoneEditor(Element, component='static/zone_editor.js', esm={'parking-zone-parts': 'zone_parts'}):
    """Draw on a picture with mouse, finger or keys.

    Args:
        history: holds the drawing.
        on_edit: takes what the person does; see `zones.editing`.
        on_restore: takes the section that was drawn before the connection was lost.
    """

    def __init__(
        self,
        history: History,
        on_edit: Callable[[Mapping[str, Any]], None],
        on_restore: Callable[[str], object],
    ) -> None:
        super().__init__()
        self._history = history
        self._seen = 0
        self._choose = 0
        self._props['picture'] = dict(EMPTY_PICTURE)

        def take(event: GenericEventArguments) -> None:
            asked = event.args if isinstance(event.args, dict) else {}
            self._seen = asked['n'] if isinstance(asked.get('n'), int) else self._seen
            on_edit(asked)

        self.on('edit', take)
        self.on('restore', lambda event: on_restore(str(event.args)))

    def show_picture(self, address: str, width: int, height: int) -> None:
        """Draw on this picture from now on."""
        self._props['picture'] = {'src': address, 'width': width, 'height': height}

    def show(self, text: str, *, is_changed: bool, told: str = '', choose: int = 0) -> None:
        """Show the present drawing.

        Args:
            text: the section of the drawing, kept in the browser for when the connection is lost.
            is_changed: whether leaving the page would lose something.
            told: what a screen reader says.
            choose: the id of a shape that is new, to be named; 0 for none.
        """
        self._choose = choose or self._choose
        self._props['state'] = {
            'shapes': [asdict(view) for view in view_shapes(self._history.present)],
            'can_undo': self._history.can_undo,
            'can_redo': self._history.can_redo,
            'is_changed': is_changed,
            'text': text,
            'told': told,
            'choose': self._choose,
            'seen': self._seen,
        }
