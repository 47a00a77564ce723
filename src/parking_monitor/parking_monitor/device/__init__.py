"""What a flashed device does when it is switched on: decide what to run, wait for what it lacks, run it.

`docker/` puts it into the image; nothing in it needs a container.
"""
