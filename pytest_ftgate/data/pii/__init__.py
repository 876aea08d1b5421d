"""Personal data and secrets in training rows."""
