"""Deliver counts to the cloud: messages, the MQTT session to AWS IoT, the outbox, Telegram.

Plain Python without ROS. `publisher.CountPublisher` ties the parts together.
"""
