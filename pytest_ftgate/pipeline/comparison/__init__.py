"""Two records of runs -> what is better now, what is worse, and how sure that is."""
