"""Files of training rows -> rows with their lines."""
