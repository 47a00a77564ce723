"""Turn pictures into ROS messages and back.

Apart from convert.py, since OpenCV costs memory that nodes without pictures need not pay.
"""

import array

import cv_bridge
from sensor_msgs.msg import CameraInfo, CompressedImage
from sensor_msgs.msg import Image as ImageMessage
from std_msgs.msg import Header

from parking_monitor import jpeg
from parking_monitor.camera.calibration import Calibration
from parking_monitor.nodes.convert import to_stamp_ns
from parking_monitor.values import Frame, Image


def to_compressed_image(picture: bytes, header: Header) -> CompressedImage:
    """Return a JPEG as a message."""
    # An array is taken over as it is; bytes would be copied element by element.
    return CompressedImage(header=header, format='jpeg', data=array.array('B', picture))


def to_image(image: Image, header: Header) -> ImageMessage:
    """Return BGR pixels as a raw image message."""
    message = cv_bridge.CvBridge().cv2_to_imgmsg(image, encoding='bgr8')
    message.header = header
    return message


def to_camera_info(calibration: Calibration, header: Header) -> CameraInfo:
    """Return what is known of a lens as a message."""
    return CameraInfo(
        header=header,
        width=calibration.image_width,
        height=calibration.image_height,
        distortion_model=calibration.distortion_model,
        d=list(calibration.distortion),
        k=list(calibration.camera_matrix),
        r=list(calibration.rectification),
        p=list(calibration.projection),
    )


def to_frame(message: CompressedImage) -> Frame:
    """Return a message's JPEG as a frame.

    Raises:
        jpeg.JpegError: when its data is not a JPEG.
    """
    picture = bytes(message.data)
    width, height = jpeg.size(picture)
    return Frame(stamp_ns=to_stamp_ns(message.header.stamp), width=width, height=height, jpeg=picture)
