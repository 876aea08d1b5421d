"""Files that people write -> values, with the line of every key; faults are collected, never a traceback."""
