"""How several processes share a fine-tune: configurations of accelerate, nodes, and what all ranks do together."""
