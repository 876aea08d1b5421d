"""The split of live traffic: stated in pipeline.toml, carried out by a router, logged, and analysed."""
