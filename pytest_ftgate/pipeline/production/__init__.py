"""What happens after the gate: the champion served, its forms exported, its replicas kept in step."""
