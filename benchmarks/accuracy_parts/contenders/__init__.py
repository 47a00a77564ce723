"""Run other people's counters, each in a process and a venv of its own.

The modules `with_*` run there, without the project's packages: one JSON object a line comes in,
and one goes out for each frame.
"""
