"""What people say of answers: review queue, decisions, labels, pairs."""
