"""(files, golden sets, address of a Ray cluster) -> the report of the local scan, made by many machines."""
