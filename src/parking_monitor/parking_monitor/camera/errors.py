"""Name what can go wrong between a camera and its frames."""


class CameraError(Exception):
    """Say that a source cannot give frames; the base of all errors here."""


class SourceError(CameraError):
    """Say that a source is written wrongly, or holds nothing that can be shown."""


class CameraNotFoundError(CameraError):
    """Say that there is no camera, file or folder where one was looked for."""


class CameraLostError(CameraError):
    """Say that a source which was open gives no more frames, though it should."""


class FrameTimeoutError(CameraLostError):
    """Say that no frame came in the time that was given; reading may go on."""


class CameraClosedError(CameraError):
    """Say that the source was closed while somebody waited for it."""


class DamagedPictureError(CameraError):
    """Say that one picture cannot be used; the next one may be whole."""


class CalibrationError(CameraError):
    """Say what is wrong with a calibration file: the file, the field, the value."""
