"""(champion, its panel, its nights) -> steady or drift: what happens every night after a promotion."""
