"""Hold what every page needs."""

from dataclasses import dataclass

from parking_fleet.api.login import Doorkeeper
from parking_fleet.service import Service


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Hold what every page needs.

    Attributes:
        service: store, live state and settings.
        door: decides who may do what.
    """

    service: Service
    door: Doorkeeper
