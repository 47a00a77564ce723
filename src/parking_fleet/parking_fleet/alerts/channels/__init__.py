"""Send alerts: by e-mail, webhook, Telegram and MQTT."""
