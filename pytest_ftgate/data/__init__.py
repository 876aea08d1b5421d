"""Files of training data -> rows of one form, each with its file and line; and what is wrong with them."""
