from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.serve.hf.choice_trie import END, build_trie, complete, forced


def _walk(node, path=()):
    for token, below in node.items():
        if token == END:
            yield path
        else:
            yield from _walk(below, (*path, token))


@given(st.sets(st.lists(st.integers(0, 3), min_size=1, max_size=5).map(tuple), min_size=1))
def test_the_tree_allows_exactly_the_answers(answers):
    assert set(_walk(build_trie(answers))) == answers


def test_what_must_follow_is_found_up_to_the_first_fork():
    path, node = forced(build_trie([[1, 2, 3], [1, 2, 4]]))
    assert path == [1, 2]
    assert set(node) == {3, 4}


def test_an_answer_that_begins_another_one_is_a_fork():
    path, node = forced(build_trie([[1], [1, 2]]))
    assert path == [1]
    assert set(node) == {END, 2}
    assert not complete(node)
    assert complete(node[2])
