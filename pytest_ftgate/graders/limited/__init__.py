"""Work that may hang, crash or exit is done in a process of its own, within a time limit."""
