"""(training files, file) -> a copy without rows that say the same as another, and which row stands for which."""
