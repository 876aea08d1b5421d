"""One file for each gate check, and what they share."""

from collections.abc import Mapping

CHECKS: Mapping[str, str] = {
    "integrity": (
        "All models were measured on the same golden set, nothing leaked, and at least 95 % of the cases of each "
        "model were measured: a request that failed, was filtered or ran out of time is not measured."
    ),
    "must-pass": ("No case with `must_pass = true` fails; if one was not measured, the result is HOLD."),
    "baseline": (
        "The candidate is significantly better than the base model with its best prompt (McNemar's test, mid-p, "
        "one-sided), and by at least `[baseline] min_gain`."
    ),
    "champion": (
        "The lower bound of the paired difference to the champion (Tango's interval) is above minus the margin in "
        '`golden.lock`, and the candidate is not behind. With `[gate] mode = "superior"` the lower bound is above '
        "0."
    ),
    "anchor": (
        "The same margin against the best past champion, if that is not the present one, so that many small losses "
        "do not add up."
    ),
    "slices": (
        "No slice of 25 cases or more is significantly worse than the champion's (Holm's correction over the "
        "slices). Smaller slices, and those of a first model against the base model, are advisory."
    ),
    "floors": (
        "The one-sided 95 % bound of each `[[gate.floor]]` reaches its `min` or stays within its `max`: six right "
        "of six do not show 85 %. A case that was not measured counts as wrong where a floor is to be reached, and is "
        "left out where one rejects."
    ),
    "judge": (
        "With `[judge] compare = true`: a judge, admitted by calibration and debiased by people's verdicts, finds "
        "no loss beyond the margin. Advisory until the judge is admitted and people have judged a random subset of "
        "the pairs."
    ),
    "admission": (
        "A judge that grades cases of the set has passed `ftgate judge calibrate`. If not, the result is HOLD."
    ),
    "human": (
        "With `[human]`: 50 to 100 blind verdicts of people show no loss beyond the margin. HOLD until they are there."
    ),
    "forgetting": (
        "With `[forgetting]` in pipeline.toml: at most `max_drop` lost against the base model on a golden set of "
        "general skills. With `required = false` it is advisory."
    ),
    "live": (
        "With `[ab] exposures` in pipeline.toml: the users of an A/B test show that the candidate is better (a "
        "betting e-process, valid at every look). An unsound split is INTEGRITY."
    ),
    "parent": (
        "Of `ftgate export`: the champion's test with the version that a form was made of as the champion: the lower "
        "bound of the paired difference is above minus the margin in `golden.lock`, and the form is not significantly "
        "worse. It need not be ahead."
    ),
    "against": (
        "With `--ftgate-against RUN --ftgate-max-drop SHARE`: the lower bound of the paired difference to that run "
        "(Tango's interval) is above minus the share. HOLD if the run shares fewer than 95 % of the cases, or was "
        "graded by other graders. Added cases, and a new golden set, are named and not compared. Also HOLD for an old "
        "set with a new name, or one that only Python tests ask."
    ),
}
"""Every check of the gate by the name that the report gives it, and what it asks."""
