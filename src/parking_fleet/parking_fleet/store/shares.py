"""Keep what part of its places each camera counts for."""

from collections.abc import Iterable

from sqlalchemy import select, update

from parking_fleet.store.database import Database
from parking_fleet.store.tables import CAMERAS, DEVICES
from parking_fleet.store.values import CameraState


def write_shares(database: Database, shares: Iterable[tuple[CameraState, float]]) -> None:
    """Write the shares of cameras where they are now; history is summed up by them."""
    with database.writing() as connection:
        for camera, share in shares:
            device = select(DEVICES.c.id).where(DEVICES.c.uuid == camera.uuid).scalar_subquery()
            connection.execute(
                update(CAMERAS)
                .where(
                    CAMERAS.c.device_id == device,
                    CAMERAS.c.name == camera.camera,
                    CAMERAS.c.facility == camera.facility,
                    CAMERAS.c.floor == camera.floor,
                )
                .values(share=share)
            )
