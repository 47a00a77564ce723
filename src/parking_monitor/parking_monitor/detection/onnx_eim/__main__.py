"""Run the `onnx_eim` command by `python -m parking_monitor.detection.onnx_eim`."""

from parking_monitor.detection.onnx_eim.cli import main

main()
