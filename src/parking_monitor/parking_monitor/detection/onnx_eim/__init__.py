"""Make an `.eim` of an ONNX model, for those who have no Edge Impulse account.

`runtime` is the program inside the file that is made: it needs NumPy and ONNX
Runtime, and nothing of this package. The other modules look at an ONNX model
and write the file.
"""
