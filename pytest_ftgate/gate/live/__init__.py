"""Evidence of an A/B test on live traffic."""
