"""Run the simulation: `python -m parking_fleet.simulation`."""

from parking_fleet.simulation.command import main

if __name__ == '__main__':
    main()
