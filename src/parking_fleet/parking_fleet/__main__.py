"""Run `python -m parking_fleet` like `parking-fleet`."""

from parking_fleet.command import main

main()
