"""Where bays, zones and gates are on the picture of a camera."""
