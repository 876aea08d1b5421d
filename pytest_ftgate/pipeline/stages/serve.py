"""The stage `serve`: the adapter is served and asked; the champion too, where its frozen results cover too little.

After this stage nothing is sent to a model any more: the gate only waits for answers that are on their way.
"""

from __future__ import annotations

from pytest_ftgate.gate.verdict import Kind, Verdict
from pytest_ftgate.pipeline.run import PipelineRun, Stopped
from pytest_ftgate.registry.model_tags import ENGINE, engine_here

SMOKE_CASES = 10


def serve(run: PipelineRun) -> None:
    """Ask the first ten goldens, then all.

    Raises Stopped: REJECT if not one answer can be read, INTEGRITY if there is none.
    """
    if run.unchanged:
        run.say("the candidate is the champion; nothing to serve")
        return
    stale = [suite for suite in run.suites if run.references.champion_is_stale(suite)]
    _say_engines(run)
    if stale:
        run.runtime.engines.expect(run.champion_target.model)  # one server for both, started for the higher rank
    for suite in run.sets:
        run.runtime.expect(run.candidate_of(suite), run.candidate)
    _smoke_test(run)
    for suite in run.sets:
        run.runtime.ask(run.candidate_of(suite), suite.cases, run.candidate)
    for suite in stale:
        run.runtime.ask(run.champion_of(suite), suite.cases, run.champion_target)


def _say_engines(run: PipelineRun) -> None:
    """Why the champion is asked again, and past ones are not compared: they were gated with another engine."""
    gated = run.champion.tags.get(ENGINE, "") if run.champion else ""
    if run.champion and gated != (here := engine_here(run.champion, run.base.engine)):
        was = f"with {gated}" if gated else "with an engine that is not on record"
        run.say(f"{run.champion} was gated {was}; this run serves with {here}: the champion is asked again")
    if past := run.references.of_other_engines():
        run.say(f"not compared with {', '.join(past)}: gated with another engine than {run.base.engine}")


def _smoke_test(run: PipelineRun) -> None:
    suite = run.suites[0]
    evaluation, cases = run.candidate_of(suite), suite.cases[:SMOKE_CASES]
    run.evaluations.ask(evaluation, cases, run.candidate, "smoke test")
    _check_tokens(run)
    answers = [evaluation.responses.first(case) for case in cases]
    if all(answer.broken for answer in answers):
        reason = f"smoke test: not one of {len(cases)} cases was measured; the first: {answers[0].error}"
        raise Stopped(Verdict(Kind.INTEGRITY, (), reason))
    measured = [case for case, answer in zip(cases, answers, strict=True) if not answer.broken]
    readable = sum(map(evaluation.readable, measured))
    run.say(f"smoke test: {readable} of {len(measured)} answers can be read")
    if not readable:
        answer = evaluation.responses.first(measured[0]).text
        reason = f"smoke test: not one of {len(measured)} answers can be read; the first: {answer!r}"
        raise Stopped(Verdict(Kind.REJECT, (), reason))


def _check_tokens(run: PipelineRun) -> None:
    """Training and serving must give the same token ids. Raises ServeError that shows both."""
    from pytest_ftgate.train.job import TOKENS_FILE
    from pytest_ftgate.train.token_check import check_tokens

    if run.manifest is not None:
        engine = run.runtime.started(run.candidate)
        endpoint = engine.endpoint(run.candidate.model)  # loads and verifies the adapter, also if nothing is asked
        if engine.verified:
            run.say(engine.verified)
        count = check_tokens(endpoint, run.manifest.path.with_name(TOKENS_FILE))
        run.say(f"the server reads {count} training rows in the very tokens they were trained in")
