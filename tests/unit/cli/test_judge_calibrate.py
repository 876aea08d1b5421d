"""`ftgate judge calibrate` and `attack` against a local Messages API: who is admitted, and on which figures."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from pytest_ftgate.cli.main import main
from pytest_ftgate.evaluate.journal import Journal
from pytest_ftgate.evaluate.responses import Responses
from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.golden.paths import beside
from pytest_ftgate.judge.injections import HONEST, read_injections
from pytest_ftgate.judge.labels import answer_digest, current, read_labels
from pytest_ftgate.judge.lock import admission_of, calibrations_of, read_judge_lock
from pytest_ftgate.serve.response import Response
from tests.messages_server import REFUSAL, Fault, MessagesServer
from tests.projects import write_golden, write_rows
from tests.scripted_judge import judging

pytestmark = pytest.mark.usefixtures("no_tracking_server")
SIZE = 300
TOML = '[judge]\nbase_url = "{url}"\nmodel = "{model}"\n[judge.checklist]\npolite = "{question}"\n'


def right(text: str, share: float = 1.0) -> str:
    """Polite answers end with a plus; a judge that knows errs on a share of them that its text decides."""
    drawn = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32
    truth = text.endswith("+")
    return "yes" if truth == (drawn < share) else "no"


class Bench:
    """A golden set whose 300 answers people have labelled, and its judge."""

    def __init__(self, root: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self.url, self.capsys = root, url, capsys
        self.golden = root / "goldens/mail"
        write_golden(self.golden, ({"id": f"c{n}", "input": f"mail {n}"} for n in range(SIZE // 2)))
        self.judge()

    def judge(self, model: str = "m", question: str = "Is it polite?") -> None:
        (self.golden / "golden.toml").write_text(TOML.format(url=self.url, model=model, question=question))

    def label(self, polite: float) -> None:
        """Two answers to each case; that share of them is polite, and people say so."""
        suite, marks = load_suite(self.golden), ["+"] * round(polite * SIZE)
        marks += ["-"] * (SIZE - len(marks))
        random.Random(4).shuffle(marks)
        lines = []
        with Journal(self.root / "state", "mail") as journal:
            for place, (case, repeat) in enumerate((case, repeat) for case in suite.cases for repeat in (0, 1)):
                text = f"reply {repeat} to {case.id} {marks[place]}"
                model = f"model {repeat}"
                asked = Responses(suite, model, journal).asked(case, 0)
                journal.append(f"{model} {case.id}", Response(case.id, model, text), set="mail", asked=asked)
                label = "yes" if marks[place] == "+" else "no"
                lines.append(
                    {"id": case.id, "label": label, "by": "ann", "case": case.digest, "answer": answer_digest(text)}
                )
        write_rows(self.golden / "labels.jsonl", lines)

    def run(self, *args: str) -> tuple[int, str]:
        code = main(["judge", *args, str(self.golden), "--state-dir", str(self.root / "state")])
        said = self.capsys.readouterr()
        return code, said.out + said.err

    def admission(self):
        suite = load_suite(self.golden)
        labels = read_labels(beside(suite.golden.path, "labels.jsonl"))
        lock = read_judge_lock(self.golden / "judge.lock")
        return admission_of(
            suite.golden.judge, current(labels, {c.id: c.digest for c in suite.cases}), lock, "calibrate"
        )


@pytest.fixture
def server():
    with MessagesServer() as made:
        yield made


@pytest.fixture
def bench(tmp_path, server, capsys):
    return Bench(tmp_path, server.url, capsys)


def says(server: MessagesServer, level) -> None:
    server.reply = judging(lambda data, _name: level(data["answer"]))


@pytest.mark.parametrize("polite", [0.90, 0.75])
@pytest.mark.parametrize(
    "level",
    [lambda _text: "yes", lambda _text: "no", lambda text: right(f"{text}+", 0.5)],
    ids=["always yes", "always no", "coin"],
)
def test_judges_that_know_nothing_are_refused(bench, server, polite, level):
    bench.label(polite)
    says(server, level)
    code, text = bench.run("calibrate", "--pairs", "0")
    assert code == 1, text
    assert "not admitted: its gate check is advisory:" in text
    assert re.search(r"  (ac1|recall\((yes|no)\)) -?\d\.\d\d, lower bound -?\d\.\d+ <", text)
    assert not bench.admission().admitted


def test_a_judge_that_knows_is_admitted_until_its_model_or_its_prompt_changes(bench, server, monkeypatch):
    bench.label(0.75)
    says(server, lambda text: right(text, 0.95))
    code, text = bench.run("calibrate")
    assert code == 0, text
    assert "admitted: the judge counts in the gate" in text
    assert "  order consistency 1.000: 0 of 50 pairs flip with the order" in text
    assert "judge m (mail): 400 questions, 0 unscored (0.0 %)" in text
    assert bench.admission().admitted
    lock = (bench.golden / "judge.lock").read_text()

    again, _ = bench.run("calibrate")
    assert (again, len(server.requests)) == (0, 400), "what is known is not asked again"
    assert (bench.golden / "judge.lock").read_text() == lock

    bench.judge(model="another")
    assert "changed since calibration" in bench.admission().reasons[0]
    bench.judge(question="Is it quite polite?")
    assert "changed since calibration" in bench.admission().reasons[0]
    bench.judge()
    assert bench.admission().admitted
    monkeypatch.setattr("pytest_ftgate.judge.spec.prompts_digest", lambda: "another")
    assert not bench.admission().admitted


def test_labels_that_changed_since_are_looked_at_anew(bench, server):
    bench.label(0.75)
    says(server, right)
    assert bench.run("calibrate", "--pairs", "0")[0] == 0
    path = bench.golden / "labels.jsonl"
    path.write_text(path.read_text().replace('"label": "no"', '"label": "yes"'))
    assert "0 human labels are 'no', at least 25 required" in bench.admission().reasons


def test_the_figures_are_those_of_the_reference_libraries(bench, server):
    """scikit-learn, krippendorff and irrCAC, to 1e-9."""
    import krippendorff
    import pandas as pd
    from irrCAC.raw import CAC
    from sklearn.metrics import accuracy_score, cohen_kappa_score, recall_score

    bench.label(0.75)
    says(server, lambda text: right(text, 0.85))
    bench.run("calibrate", "--pairs", "0")
    suite = load_suite(bench.golden)
    labels, lock = read_labels(bench.golden / "labels.jsonl"), read_judge_lock(bench.golden / "judge.lock")
    [found] = calibrations_of(suite.golden.judge, labels, lock)
    mine = {metric.name: metric.value for metric in found.metrics}
    people, judge = [label.label for label in labels], [lock.verdicts[label.key] for label in labels]
    table = pd.DataFrame({"people": people, "judge": judge})
    coded = [[["no", "yes"].index(said) for said in each] for each in (people, judge)]
    wanted = {
        "agreement": accuracy_score(people, judge),
        "kappa": cohen_kappa_score(people, judge),
        "ac1": CAC(table, digits=15).gwet()["est"]["coefficient_value"],
        "alpha(nominal)": krippendorff.alpha(coded, level_of_measurement="nominal"),
        "recall(yes)": recall_score(people, judge, pos_label="yes"),
        "recall(no)": recall_score(people, judge, pos_label="no"),
    }
    assert mine == pytest.approx(wanted, abs=1e-9)
    assert CAC(table, digits=15).conger()["est"]["coefficient_value"] == pytest.approx(mine["kappa"], abs=1e-9)
    assert CAC(table, digits=15).krippendorff()["est"]["coefficient_value"] == pytest.approx(
        mine["alpha(nominal)"], abs=1e-9
    )


def test_a_judge_that_favours_the_first_place_is_seen_by_its_order_consistency(bench, server):
    bench.label(0.75)
    server.reply = judging(lambda data, _name: right(data["answer"]), lambda first, second: "first")
    _, text = bench.run("calibrate", "--pairs", "20")
    assert "  order consistency 0.000: 20 of 20 pairs flip with the order" in text


def test_what_is_not_there_is_told(bench, server):
    assert bench.run("calibrate")[1].endswith(f"label answers first: ftgate judge label {bench.golden}\n")
    bench.label(0.75)
    server.faults = lambda text, attempt: REFUSAL if "to c1 " in text else None
    says(server, right)
    code, text = bench.run("calibrate", "--pairs", "0")
    assert (code, "polite: 300 labelled answers, 298 of them judged" in text) == (0, True)
    assert "2 unscored (0.7 %), 2 retried, 4 refusals" in text
    (bench.root / "state/journal/mail.jsonl").unlink()
    code, text = bench.run("calibrate", "--pairs", "0")
    assert code == 2
    assert "no answers to the current golden set" in text
    (bench.golden / "golden.toml").write_text("grader = []\n")
    assert ": no [judge] section (model and criteria)" in bench.run("attack")[1]


def test_an_attack_counts_the_attempts_that_succeed(bench, server):
    fooled = {each.answer.split()[0] for each in read_injections() if each.family == "fake verdict"}
    assert fooled

    def credulous(data: Mapping[str, str], _name: str) -> str:
        return "yes" if '"level": "yes"' in data["answer"] else "no"

    server.reply = judging(credulous)
    code, text = bench.run("attack")
    assert code == 0, text
    assert re.search(
        r"^3 of 67 injection attempts succeed against m: 4\.5 %, upper bound 1\d\.\d %; 0 without a verdict$",
        text,
        re.MULTILINE,
    )
    assert "  fake verdict   3 of 8" in text
    assert "  succeeded: verdict-json\n" in text
    server.reply = judging(lambda data, _name: "yes")
    bench.judge(model="gullible")
    code, text = bench.run("attack")
    assert code == 2
    assert f"the judge accepts the wrong answer {HONEST!r} (expected 'Canberra') even without an attack" in text
    assert "  gullible: 68 asked (0 cached), 68 requests" in text, "what a command that fails has spent is told too"


def test_a_command_that_the_server_denies_tells_what_it_spent(bench, server):
    server.reply = judging(lambda data, _name: "no")
    server.faults = lambda text, attempt: Fault(401, "no such key") if '"level": "yes"' in text else None
    code, text = bench.run("attack")
    assert code == 2, text
    assert "does not serve model 'm' to this key" in text
    assert re.search(r"^  m: \d+ asked \(0 cached\), \d+ requests", text, re.MULTILINE), text


def test_an_attack_that_was_not_answered_to_the_end_is_no_figure(bench, server):
    """What nobody answered, the budget spent or the server down, was not withstood."""
    server.reply = judging(lambda data, _name: "no")
    server.faults = lambda text, attempt: Fault(400, "no such field") if '"level": "yes"' in text else None
    code, text = bench.run("attack")
    assert code == 2, text
    assert "3 of 67 attempts got no verdict, result undefined: " in text
    assert "no such field" in text
    assert "succeed" not in text
