"""Deliver counts to the cloud: messages, the MQTT session to AWS IoT, the outbox, Telegram.

Plain Python without ROS. `publisher.CountPublisher` ties the parts together: counts become drafts,
`delivery.Delivery` puts them into the `outbox.Outbox`, a SQLite file, and sends what waits there
through `mqtt_session.MqttSession`.
"""
