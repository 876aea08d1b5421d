"""One check of training data in each file."""

from collections.abc import Mapping

CHECKS: Mapping[str, tuple[str, str]] = {
    "schema": (
        "rows of no known shape; unknown roles, turns out of order, an answer that is not the last turn",
        "error",
    ),
    "keys": (
        "unused keys of rows, with the number of rows that have each",
        "warning",
    ),
    "method": (
        "training rows that `[train] method` cannot learn from: an answer that people rejected (`label` false), a "
        "preference, one answer where two are needed",
        "error; warning without a pipeline, for rejected answers",
    ),
    "validation": (
        "validation rows that cannot be graded: a text alone, a preference, a `label` that says whether the answer was "
        "wanted",
        "error, in pipelines",
    ),
    "texts": (
        "texts alone (continued pretraining) among rows with an answer, with the number of both",
        "warning; error in a pipeline or with golden sets, which grade answers",
    ),
    "answers": (
        "empty answers; of a preference, an empty rejected answer or two equal answers",
        "error",
    ),
    "turns": (
        "empty turns before the answer; with a model at hand, special tokens such as `<|im_end|>` in the text of a row",
        "error",
    ),
    "short": (
        "answers of one or two words among long ones",
        "warning",
    ),
    "truncated": (
        "rows of more tokens than the longest length, in the model's own chat template, with the share of rows "
        "and tokens that is lost",
        "warning; error above 5 % of the rows, or if the template refuses a row",
    ),
    "duplicates": (
        "rows that ask the same, and answer the same to the letter",
        "error",
    ),
    "near": (
        "questions that are nearly the same (Jaccard index of character 5-grams at least .8, in every script; the "
        "first million different questions, recall .99); text that a fifth of the questions share is not compared, and "
        "the check says so where that is most of a question",
        "warning",
    ),
    "contradictions": (
        "one question with two different labels, or with a preference and its opposite",
        "error",
    ),
    "mislabelled": (
        "where answers are labels: labels that a classifier which did not see the row is sure are others "
        "(confident learning, out of fold, near duplicates kept together)",
        "warning",
    ),
    "format": (
        "answers without the form that the golden set's schema, pattern, fields or labels ask for",
        "error",
    ),
    "coverage": (
        "labels and slices of the golden sets that no training row has; cases with `tools` if no row has "
        "any, and cases without if every row has some: they are asked in a prompt that was not trained; reports the "
        "shares of both sides",
        "warning",
    ),
    "balance": (
        "rare classes, where answers are labels",
        "warning",
    ),
    "size": (
        "fewer than 500 training rows",
        "warning; error below 200 rows",
    ),
    "languages": (
        "rows in a language of fewer than 1 % of the rows; reports the mixture (needs the extra `data`)",
        "warning",
    ),
    "lengths": (
        "a label that the length of the question gives away; reports percentiles",
        "warning",
    ),
    "synthetic": (
        "rows that a model wrote and no person reviewed; more than 30 % synthetic rows",
        "error for rows without a review, else warning",
    ),
    "general": (
        'a share of rows with `"source": "general"` outside 5 to 10 %, if the pipeline has `[forgetting]`',
        "warning",
    ),
    "perplexity": (
        "answers that surprise the base model far more or far less than the others (robust z above 3.5, each "
        "label apart); runs only where it is asked for, since it costs a forward pass",
        "warning",
    ),
    "pii": (
        "e-mail addresses, phone numbers, payment cards, IBANs, public IP addresses, in the digits and beside the "
        "letters of every script; with the extra `data` national ids of 23 countries; no names of people, no "
        "[placeholders](../how-to/training-data.md#what-counts-as-personal)",
        "error",
    ),
    "secrets": (
        "keys and tokens; they are never printed",
        "error",
    ),
}
"""Every check by its name: what it finds, and how serious a finding is."""
