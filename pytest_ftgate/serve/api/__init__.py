"""Judge and teacher models behind a paid API: messages, batches, budget."""
