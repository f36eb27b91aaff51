"""The demo's forgeries are good ones, and each is found out."""

import pytest

from interfocal.demo.forging import forgeries_of
from schemas.errors import Unsealed
from schemas.record import Record
from schemas.trust.chain import verify_record
from schemas.trust.faults import Fault
from sealing import a_key, a_run, expecting

EXPECTED = expecting(a_key(), a_key("al-1", "al"))
FOUND_OUT_BY = [
    Fault.BAD_SIGNATURE,
    Fault.OTHER_TOPIC,
    Fault.BAD_SIGNATURE,
    Fault.UNKNOWN_SIGNING_KEY,
    Fault.OTHER_REGION,
    Fault.OTHER_OWNER,
]


def test_a_real_event_holds_and_every_forgery_of_it_is_found_out() -> None:
    (real,) = a_run([b"what was said"])
    verify_record(real, EXPECTED)
    found = []
    for forged in forgeries_of(real, "al.trace"):
        draft = forged.draft
        record = Record(draft.topic, 1, draft.key.encode(), draft.value, forged.headers, 0, 0)
        with pytest.raises(Unsealed) as refused:
            verify_record(record, EXPECTED)
        found.append(refused.value.code)
    assert found == FOUND_OUT_BY
