"""Draw a car park that knows the truth about its own cars.

A scene (`scene.py`, YAML files in `scenes/`) names the ground, bays, lanes, gates,
obstacles, camera, light, weather and traffic. A `Simulator` (`simulator.py`) turns
it into pictures and into the truth of every picture (`truth.py`). `variation.py`
makes scenes at random, for training; `command.py` writes clips.
"""
