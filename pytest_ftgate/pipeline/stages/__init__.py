"""The stages of `--train`, one file each."""
