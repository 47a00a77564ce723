"""Count cars in a car park with cameras on small computers, on ROS 2."""
