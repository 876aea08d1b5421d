"""The arms of the gate, a file for each: numbers -> Arm."""
