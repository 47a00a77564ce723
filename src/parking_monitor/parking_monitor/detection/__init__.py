"""Run an Edge Impulse model on frames, and outlive it when it dies or hangs.

`Detector` runs one `.eim`; `SupervisedDetector` keeps one running for months.
`onnx_eim` makes an `.eim` of an ONNX model.
"""
