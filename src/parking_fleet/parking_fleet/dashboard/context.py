"""Hold what every page needs."""

from dataclasses import dataclass

from parking_fleet.api.login import Doorkeeper
from parking_fleet.service import Service
from parking_fleet.zones.layout import LayoutSource


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Hold what every page needs.

    Attributes:
        service: store, live state and settings.
        door: decides who may do what.
        layouts: knows where bays are on the pictures of cameras.
    """

    service: Service
    door: Doorkeeper
    layouts: LayoutSource
