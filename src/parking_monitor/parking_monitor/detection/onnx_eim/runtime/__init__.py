"""Speak the `.eim` protocol for an ONNX model: the program inside a written file.

It runs from within a zip archive: its modules import one another relatively,
the standard library, NumPy and ONNX Runtime, and nothing else.
"""
