"""How often which rule promotes which model: simulated golden sets, decided by the code of the gate itself."""
