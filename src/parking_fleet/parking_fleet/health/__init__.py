"""How the devices are: heard or silent, their clocks, what they have lost."""
