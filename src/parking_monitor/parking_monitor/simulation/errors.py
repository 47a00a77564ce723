"""Hold the errors of the simulation."""


class SimulationError(Exception):
    """Say that a scene cannot be simulated."""


class SceneError(SimulationError):
    """Say which field of which scene is wrong, what it holds, and what is allowed."""

    def __init__(self, file: str, field: str, value: object, allowed: str) -> None:
        self.file = file
        self.field = field
        self.value = value
        self.allowed = allowed
        super().__init__(f'{file}: {field} is {value!r}; allowed: {allowed}')
