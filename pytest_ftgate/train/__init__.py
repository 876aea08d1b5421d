"""TrainJob -> adapter: fine-tuning in a process of its own."""
