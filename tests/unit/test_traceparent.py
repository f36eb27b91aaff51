"""W3C Trace Context: what is of the standard's form is taken on, and everything else counts as none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.wire.traceparent import LONGEST, TraceContext, context_in, own_context, read_context
from sealing import an_id

FLOW = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
GIVEN = f"00-{FLOW}-{PARENT}-01"
HEX = "0123456789abcdef"


def test_a_context_goes_on_under_the_parent_id_of_each_event() -> None:
    context = read_context(GIVEN)
    assert context == TraceContext(FLOW, sampled=True)
    event_id = an_id("event")
    assert context.text(event_id) == f"00-{FLOW}-{event_id.replace('-', '')[-16:]}-01"


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        GIVEN.upper(),
        GIVEN + "-more",
        GIVEN[:-1],
        f" {GIVEN}",
        f"ff-{FLOW}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{FLOW}-{'0' * 16}-01",
        f"00-{FLOW}-{PARENT}-zz",
        f"01-{FLOW}-{PARENT}-01-{'x' * LONGEST}",
        f"00-{FLOW}-{PARENT}-01\n",
        f"\N{ARABIC-INDIC DIGIT ZERO}0-{FLOW}-{PARENT}-01",
    ],
)
def test_what_is_not_of_the_standards_form_counts_as_none(text: str | None) -> None:
    assert read_context(text) is None


def test_a_later_version_of_the_standard_is_read_as_the_first() -> None:
    assert read_context(f"01-{FLOW}-{PARENT}-03-what-comes-later") == TraceContext(FLOW, sampled=True)


def test_only_the_flag_that_is_known_goes_on() -> None:
    context = read_context(f"00-{FLOW}-{PARENT}-fe")
    assert context is not None
    assert context.text(an_id("event")).endswith("-00")


@given(st.text(HEX, min_size=32, max_size=32), st.booleans(), st.uuids(version=5))
def test_what_is_written_is_read_as_it_was(trace_id: str, sampled: bool, event_id: object) -> None:
    if int(trace_id, 16):
        context = TraceContext(trace_id, sampled)
        assert read_context(context.text(str(event_id))) == context


@given(st.text())
def test_no_text_is_an_error(text: str) -> None:
    read_context(text)


@given(st.lists(st.tuples(st.sampled_from(["traceparent", "seal"]), st.binary(max_size=80))))
def test_no_header_is_an_error(headers: list[tuple[str, bytes]]) -> None:
    context_in(headers)


def test_a_record_with_two_of_them_has_none() -> None:
    header = own_context(an_id("event")).header(an_id("event"))
    assert context_in([("seal", b"x"), header]) == own_context(an_id("event"))
    assert context_in([header, header]) is None


def test_an_event_that_nobody_gave_a_context_begins_a_flow_called_as_itself() -> None:
    assert own_context(an_id("event")).trace_id == an_id("event").replace("-", "")
