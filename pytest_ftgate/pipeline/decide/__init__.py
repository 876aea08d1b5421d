"""What the gate decides on, gathered from what was measured."""
