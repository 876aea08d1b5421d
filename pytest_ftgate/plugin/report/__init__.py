"""What a run prints and writes for people and CI."""
