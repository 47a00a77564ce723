"""Hold the quality of service of each topic, as publishers and subscribers must agree on it."""

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

# Latest frame wins: a slow reader gets fewer pictures, never older ones.
COMPRESSED_IMAGE = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
RAW_IMAGE = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
CAMERA_INFO = COMPRESSED_IMAGE
DETECTIONS = QoSProfile(depth=5, reliability=ReliabilityPolicy.RELIABLE)
# A count is a claim that stands: who comes later gets it at once.
CAR_COUNT = QoSProfile(
    depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL
)
LOT = CAR_COUNT
CROSSINGS = QoSProfile(depth=100, reliability=ReliabilityPolicy.RELIABLE)
DIAGNOSTICS = QoSProfile(depth=10)
