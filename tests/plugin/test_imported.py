"""A promptfoo configuration is imported, locked and run against a served model, with a judge."""

from __future__ import annotations

import anthropic  # noqa: F401 - pytester would import it anew in every run

from pytest_ftgate.cli.main import main
from tests.messages_server import MessagesServer
from tests.scripted_judge import judging

CONFIG = """
prompts: ['Answer {{who}}: {{question}}', '{{question}} asks {{who}}']
providers: [{id: openai:gpt-4, config: {apiKey: sk-never-copied-0123456789}}]
defaultTest:
  assert:
    - {type: not-icontains, value: as an ai}
    - {type: llm-rubric, value: 'Speaks to {{who}}'}
tests: file://tests.csv
"""
CSV = """who,question,__expected,__description
Ann,no,contains: Ann,Right
Bob,no,contains: Ann,Misses a text
Eve,no,contains: Eve,Misses the rubric
"""


def test_it_runs_as_it_was_imported(project, answering, monkeypatch):
    monkeypatch.chdir(project.path)
    project.write("promptfooconfig.yaml", CONFIG)
    project.write("tests.csv", CSV)
    assert main(["import", "promptfoo", "promptfooconfig.yaml", "goldens/talk"]) == 0
    toml = project.path / "goldens/talk/golden.toml"
    assert all(b"sk-never" not in path.read_bytes() for path in toml.parent.iterdir())
    server = answering(lambda messages: f"Hello {messages[-1]['content'].split()[1]}".rstrip(":"))
    with MessagesServer(judging(lambda data, _name: "no" if "Eve" in data["reference"] else "yes")) as judge:
        toml.write_text(toml.read_text().replace("[judge]\n", f'[judge]\nbase_url = "{judge.url}"\n'))
        assert main(["lock", "goldens/talk"]) == 0
        result = project.run("goldens/talk")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*FAILED goldens/talk/golden.toml::misses-a-text *"])
    result.stdout.fnmatch_lines(["*FAILED goldens/talk/golden.toml::misses-the-rubric *"])
    asked = {body["messages"][-1]["content"] for body in server.requests}
    assert asked == {f"Answer {who}: no" for who in ("Ann", "Bob", "Eve")}
