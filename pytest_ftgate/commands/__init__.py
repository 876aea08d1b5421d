"""The commands of `ftgate`, a module for each family."""
