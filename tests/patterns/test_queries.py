"""JSONPath queries: any text is one, or says why it is none."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from router.patterns.queries import BadQuery, check_query, find

PIECES = st.lists(st.sampled_from([*"$.a*[]?@'0: \n()é", "..", "=="]))


@pytest.mark.parametrize("text", ["", " ", "\n", "a", "$[", "$..", "$[?@.x"])
def test_what_is_no_query_says_why(text: str) -> None:
    with pytest.raises(BadQuery, match=r"is no JSONPath query: ."):
        check_query(text)


@given(st.one_of(st.text(), PIECES.map("".join)))
@example("")
def test_any_text_is_a_query_or_is_refused(text: str) -> None:
    try:
        check_query(text)
    except BadQuery:
        return
    find(text, {"a": [0, {"a": None}]})


def test_everything_is_found_in_order() -> None:
    assert find("$..a", {"a": {"a": 1}, "b": [{"a": 2}]}) == [{"a": 1}, 1, 2]
