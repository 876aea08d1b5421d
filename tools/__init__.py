"""What `make setup`, `make vllm` and `make lock` run, with nothing but a Python."""
