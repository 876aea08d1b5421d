"""(files of training data, places given before) -> train.jsonl, validation.jsonl, test.jsonl that share no text."""
