"""Have the newest model of an Edge Impulse project on the device, and go back when it fails.

`StudioKeeper` looks for it, `StudioStore` keeps it. Who runs models only reads the store:
its state file says which one counts, with or without a network.
"""
