"""Files that people write -> values, with the line of every key; faults are collected, never a traceback."""

from collections.abc import Mapping

STATE: Mapping[str, str] = {
    ".gitignore": "Keeps the folder out of git; written when a run makes the folder.",
    "mlflow.db": (
        "The registry: runs, versions and champions in MLflow's SQLite store. Not used with MLFLOW_TRACKING_URI."
    ),
    "mlartifacts/": "The registry's files: adapters, curves, results of each golden set.",
    "audit.jsonl": (
        "The audit log: a chained line for each promotion, override, rollback, export, alarm, `ftgate lock` and "
        "reading of training data."
    ),
    "journal/SET.jsonl": (
        "Every response of every model to a golden set, appended as it arrives; resume, regrade and `--train` read it. "
        "Each line has a seal: one that was edited is not used, and INTEGRITY for a run that would have used it. "
        "TASK-validation.jsonl: the validation rows that `ftgate advise` has asked."
    ),
    "forms/": "The forms of a version that `ftgate tradeoff` compares; may be deleted, and is then made again.",
    "tradeoff/": "Size, memory and speed of each form, as `ftgate tradeoff` measured them; delete it to measure anew.",
    "seal.key": (
        "The secret key of the seals, made by the first run. Move it with the folder; without it the answers of the "
        "journal count as edited."
    ),
    "records/RUN/SET.jsonl": (
        "What each run measured: its settings, and each case with question, answers and grade; `ftgate show`, `runs`, "
        "`compare` and --ftgate-against read it. The last 30 runs of a set are kept, with the last two of all its "
        "cases, and those with a name. Sealed: one "
        "that was edited is not used."
    ),
    "records/RUN/run.json": (
        "What the run said at its end: scores, gate checks, verdicts, training, what changed; reports are made of it. "
        "Sealed. Beside it `sides/`, what base model and champion answered under --train, and `report.html`."
    ),
    "view.html": "The page of `ftgate view`; made again by the next call.",
    "records/names.json": ("The names that `ftgate runs tag` gave to runs."),
    "cache/": ("Responses at temperature 0, kept for 30 days (extra `cache`). May be deleted."),
    "runs/TASK/DIGEST/": ("One training: checkpoints, `events.jsonl`, `manifest.json`, `explain.md`, the adapter."),
    "runs/TASK/prepared/": ("Copies of training data with personal data and keys redacted or dropped (`[data] pii`)."),
    "runs/TASK/clean/": ("Copies of training data without leaked rows (`--ftgate-leak=drop-row`)."),
    "ray/": ("Of `ftgate ray run`: which runs were fetched, and their files that had changed here meanwhile."),
    "models/TASK-DIGEST/": "Adapters fetched from the registry, with their digest checked.",
    "bases/DIGEST/": "Base models fetched from the registry (`[registry] base`), with their digest checked.",
    "logs/": "Output of the servers that a run or `ftgate serve` has started.",
    "judge/": (
        "Replies of judges and their cost; with xdist, in a project without golden sets, a folder for each worker."
    ),
    "review/": (
        "The decisions of `ftgate judge label` and `ftgate live label`, so that they continue where a person stopped."
    ),
    "live/TASK/sampled.jsonl": "Production inputs that `ftgate live sample` drew, anonymised, in the labelling queue.",
    "live/TASK/labelled.jsonl": "What people labelled of them; `pytest --canary --live` asks the champion these.",
    "live/TASK/proposed.jsonl": (
        "What `ftgate live propose` has proposed, to which side. Move it with the folder: without it an input that was "
        "proposed as a golden case may be proposed as a training row later."
    ),
    "live/TASK/proposals-N/": "The proposals as files, for a person to look through; written by `ftgate live propose`.",
    "advise/": "Replies of the reference model that `ftgate advise --reference` has paid for.",
    "generate/": "Replies that `ftgate data generate` has paid for.",
    "discordance/SET.json": ("On which share of the cases the last two models disagreed; `ftgate power` reads it."),
    "running/": "A locked file for each run that uses the folder now.",
    "leakage/finished.jsonl": "Files that `ftgate leakage --ray` has scanned, with their sha256.",
    "leakage/judge/": "Replies about pairs of `ftgate leakage --semantic-judge`.",
}
"""What is kept in the state folder (`.ftgate`, see --ftgate-state-dir), and why."""

BESIDE: Mapping[str, str] = {
    "golden.lock": (
        "What was accepted of a golden set, its margin, and the history of both, sealed; written by `ftgate lock`."
    ),
    "golden.noise": ("How much a model differs from itself on the set; written by `ftgate noise`."),
    "judge.lock": "Calibration of the set's judge; written by `ftgate judge calibrate`.",
    "labels.jsonl": "Labels that people gave to answers; written by `ftgate judge label`.",
    "verdicts.jsonl": ("Which of two answers people found better; written by `ftgate judge label --candidate`."),
    "split.lock": ("The side of every question of a split, by digest; written by `ftgate data split`."),
    "X.jsonl.review.jsonl": ("Decisions about synthetic rows, with who and when; written by `ftgate data review`."),
    "X.reviewed.jsonl": "Synthetic rows that may train; written by `ftgate data review`.",
}
"""What is written beside a user's own files, to be committed with them."""
