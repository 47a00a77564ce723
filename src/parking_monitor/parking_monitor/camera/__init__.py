"""Get frames from cameras, streams, videos and pictures, and keep getting them.

`sources.open_source` turns the `source` of fleet.yaml into a `FrameSource`;
`capture.Capture` reads it in a thread and reconnects for as long as it takes.
"""
