"""(production inputs, training and golden inputs) -> what differs, with a p-value for each test."""
