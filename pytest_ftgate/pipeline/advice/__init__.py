"""Whether a task is worth a fine-tune: what is measured for it, and the rules that say so."""
