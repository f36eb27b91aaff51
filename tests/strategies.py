"""Hypothesis strategies that several tests share."""

from hypothesis import strategies as st

from schemas.trust.seal import MAX_LIFE, MAX_SEQ, SealClaims, link_hash

OWNERS = st.from_regex(r"([a-z]{2}(-[a-z0-9]{1,6})?|region)", fullmatch=True)
UUIDS = st.uuids().map(str)


@st.composite
def seal_claims(draw: st.DrawFn) -> SealClaims:
    """Claims that may be sealed, up to the longest."""
    owner = draw(OWNERS)
    stream = draw(st.from_regex(r"[a-z]{1,12}(\.[a-z]{2}(-[a-z0-9]{1,6})?)?", fullmatch=True))
    life = draw(st.integers(1, MAX_LIFE))
    seq = draw(st.integers(1, MAX_SEQ) | st.just(1))
    first = seq == 1
    return SealClaims(
        kid=draw(st.from_regex(r"[a-z0-9][a-z0-9.-]{0,19}", fullmatch=True)),
        aud=draw(st.from_regex(r"[a-z0-9][a-z0-9-]{1,23}", fullmatch=True)),
        topic=f"{owner}.{stream}",
        event_id=draw(UUIDS),
        key=draw(UUIDS | st.just("")),
        chain=owner,
        life=life,
        seq=seq,
        prev=None if first else link_hash(draw(st.binary(max_size=4)), b""),
        iat=draw(st.integers(1, 9_999_999_999)),
        after=(draw(st.integers(1, life - 1)), draw(st.integers(0, MAX_SEQ))) if first and life > 1 else None,
    )
