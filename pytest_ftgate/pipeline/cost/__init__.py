"""What requests and training cost."""
