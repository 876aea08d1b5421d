"""The table of cases of the HTML report: rows, how they are packed, and the section that shows them."""
