"""pytest items: one for each case, check and stage."""
