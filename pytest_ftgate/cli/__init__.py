"""The command `ftgate`, one file for each command."""
