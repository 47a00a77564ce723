"""Remember drawings, to go back and forth between them."""

from parking_fleet.zones.drawing import Drawing

MOST_STEPS = 200


class History:
    """Hold the present drawing, and those before and after it.

    Args:
        drawing: the first one.
        most: steps that are remembered.
    """

    def __init__(self, drawing: Drawing, most: int = MOST_STEPS) -> None:
        self.present = drawing
        self._most = most
        self._before: list[Drawing] = []
        self._after: list[Drawing] = []
        self._step: object = None

    @property
    def can_undo(self) -> bool:
        """Return whether there is something before."""
        return bool(self._before)

    @property
    def can_redo(self) -> bool:
        """Return whether there is something after."""
        return bool(self._after)

    def begin(self, drawing: Drawing) -> None:
        """Begin anew with a drawing; there is nothing before it."""
        self.present = drawing
        self._before.clear()
        self._after.clear()
        self._step = None

    def put(self, drawing: Drawing, step: object = None) -> None:
        """Make a drawing the present one.

        Args:
            drawing: the next one.
            step: changes in a row with the same one, other than None, are undone together: many small
                moves of one corner by the keyboard.
        """
        if drawing == self.present:
            return
        if step is None or step != self._step or not self._before:
            self._before.append(self.present)
            del self._before[: -self._most]
        self._step = step
        self._after.clear()
        self.present = drawing

    def undo(self) -> None:
        """Go one step back, if there is one."""
        if self._before:
            self._after.append(self.present)
            self.present = self._before.pop()
        self._step = None

    def redo(self) -> None:
        """Go one step forth, if there is one."""
        if self._after:
            self._before.append(self.present)
            self.present = self._after.pop()
        self._step = None
