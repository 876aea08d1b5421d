"""What one run asked, got and graded on one golden set, kept so that later runs can be compared with it."""
