"""Numbers -> verdict and exit code. Knows no model and sends no request."""
