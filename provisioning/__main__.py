"""Run `parking-provision` as `python -m provisioning`."""

from provisioning.command import main

if __name__ == '__main__':
    main()
