"""Run `simulate` as `python -m parking_monitor.simulation`."""

from parking_monitor.simulation.command import main

if __name__ == '__main__':
    main()
