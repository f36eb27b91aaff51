"""Who reads, why and for which case, as far as a reader says so itself. Pure. It changes with what has to be said."""

import re

from consumers.audit.log import Reason
from schemas.codes.lists import load_code_lists
from schemas.errors import Misconfigured

PURPOSES = "reading-purpose"
PERSON_FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,59}")
CASE_FORM = re.compile(r"[^\x00-\x1f\x7f]{1,80}")


def reason_of(person: str, purpose: str, case: str) -> Reason:
    """What was said, if it can be; raises Misconfigured, with a sentence for the reader, if it cannot."""
    purposes = load_code_lists()[PURPOSES]
    if purpose not in purposes:
        raise Misconfigured(f"{purpose!r} is no purpose; there are: {', '.join(purposes.codes)}")
    if not CASE_FORM.fullmatch(case):
        raise Misconfigured("a case's reference has at most 80 signs, on one line")
    if not PERSON_FORM.fullmatch(person):
        raise Misconfigured("a person is a mark of letters, digits and . _ @ + -, and never a name with spaces")
    return Reason(person, purpose, case)
