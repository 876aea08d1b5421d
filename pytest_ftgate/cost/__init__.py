"""What a run used, what the served model costs, and what an API would."""
