"""Name what can go wrong between a frame and its detections."""


class DetectionError(Exception):
    """Say that a frame or a model could not be used; every error here is one."""


class FrameError(DetectionError):
    """Say that a frame cannot be decoded or does not fit the model; the model is well."""


class ModelError(DetectionError):
    """Say that it is the model that fails, not the frame."""


class ModelFileError(ModelError):
    """Say that a model file is missing, not executable, or not for this machine."""


class ModelStartError(ModelError):
    """Say that a model exited, or could not be reached, while it started."""


class ModelTimeout(ModelError):  # noqa: N818  (reads as the event it reports)
    """Say that a model missed a deadline."""


class ModelDied(ModelError):  # noqa: N818  (reads as the event it reports)
    """Say that a model's process or its connection is gone."""


class ModelAnswerError(ModelError):
    """Say that a model's answer cannot be understood."""


class ModelRefusedError(ModelError):
    """Say that a model answered a request with an error of its own; it still runs."""
