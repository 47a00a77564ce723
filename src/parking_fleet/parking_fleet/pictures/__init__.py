"""Ask devices for pictures, where their operator allows that, and keep the newest of each camera."""
