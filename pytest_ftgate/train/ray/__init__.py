"""The fine-tune as a job on a Ray cluster, while the tests run here."""
