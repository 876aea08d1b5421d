"""(registry) -> a folder or archive with all that it needs to answer again, and back into a registry of any kind."""
