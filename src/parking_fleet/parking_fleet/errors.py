"""What can go wrong in the fleet's service, for a person to read."""


class FleetError(Exception):
    """Say what is wrong, and what to do next; holds no secret."""


class SettingsError(FleetError):
    """Say everything that is wrong with the settings, one problem a line."""


class StoreError(FleetError):
    """Say that the database cannot be used as it is."""


class InvalidMessageError(FleetError):
    """Say why a message is not one of the published forms."""
