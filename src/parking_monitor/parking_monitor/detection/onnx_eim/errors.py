"""Name what can go wrong when an `.eim` is made of an ONNX model."""


class ConversionError(Exception):
    """Say why an ONNX model cannot become an `.eim`, and which option would help."""
