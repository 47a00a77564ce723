"""Keep device shadows as AWS IoT Core does, where it is not behind the broker; read and write them."""
