"""Why intake does not accept a record: codes with parameters. It changes when intake checks something new.

A message is made from code and parameters for whoever reads it; the code is what is stored.
"""

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict

REJECTION_MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        "malformed_file": "The file cannot be read as {format}: {detail}. Export it again, or fix that place.",
        "wrong_encoding": "The file is not {encoding}: byte {position} does not fit. Export it as {encoding}.",
        "missing_column": "The file has no column {column}; the mapping {mapping} needs it.",
        "file_too_large": "The file is {size} bytes; a file of format {format} may be {limit}. Divide it.",
        "unpacks_too_large": "The file is packed: it holds {detail}, more than the {limit} that are read. Divide it.",
        "document_type": "The file has a document type (<!DOCTYPE>) or entities; those are not read. Leave them out.",
        "line_too_long": "Line {row} is longer than {limit} characters. Export one record a line.",
        "too_many_columns": "Row {row} has {count} columns; at most {limit} are read. Delete the empty ones.",
        "missing_sheet": "The workbook has no sheet {sheet}. There are: {nearest}.",
        "rewritten_number": "{field}: {value} was rewritten by a spreadsheet. Make the column text, and type it again.",
        "lost_zeros": "{field}: {value} has fewer than {digits} digits; a spreadsheet took its leading zeros away.",
        "malformed_record": "The record is not usable: {detail}.",
        "missing_field": "{field} is empty, and a record cannot be accepted without it.",
        "rows_disagree": "{field}: rows {rows} of one record say different things. Make them say the same.",
        "unknown_field": "{field} is not a field of this stream.",
        "unknown_code": "{value} is not a code of {list} for {field}. Nearest: {nearest}.",
        "malformed_value": "{field}: {value} is not usable ({detail}).",
        "malformed_date": "{field}: {value} is not a date as {format}.",
        "malformed_number": "{field}: {value} is not a number.",
        "unusable_character": "{field} holds a character that no text may hold (U+0000).",
        "in_the_future": "{field}: {value} lies in the future; check the clock or the date.",
        "part_disagrees": "{field} says {value}, so exactly the part {value} has to be there.",
        "unknown_member": "{value} is not a member of this region. Members: {nearest}.",
        "made_by_intake": "{field} is made by the intake alone. Write what is to be sealed in sealed_part.",
        "no_opening_key": "{field} cannot be sealed: no opening key of {member} is valid now. Tell your operator.",
        "reference_reused": "{reference} was used before with other content; an act is never changed.",
        "stale_version": "Version {version} is older than version {newer}, which was accepted before.",
        "unknown_trace": "This member knows no trace {trace}.",
        "unknown_grant": "This member has made no grant {grant}.",
        "missing_cause": "{act} answers another act: its event id is needed in cause.",
        "wrong_party": "{act} is for the {party} of a trace, and {member} is not.",
        "too_large": "The record makes an event of {size} bytes; at most {limit} are exchanged.",
        "unknown_mapping": "There is no mapping {mapping} for {member}. There are: {nearest}.",
    }
)

WARNING_MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        "did_you_mean": "{field}: {value} is not in the reference table. Did you mean {suggestion}?",
    }
)
"""What is odd about an accepted record: nothing is changed or rejected for it."""

MESSAGES: Mapping[str, str] = MappingProxyType({**REJECTION_MESSAGES, **WARNING_MESSAGES})


class Problem(BaseModel):
    """One thing that is wrong with one field of one record, or odd about it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    parameters: dict[str, str] = {}

    @property
    def message(self) -> str:
        """The sentence for people, in English; ``schemas.messages.sentences`` says it in other languages."""
        return filled(MESSAGES[self.code], self.parameters)


def filled(sentence: str, parameters: Mapping[str, str]) -> str:
    """A sentence with its parameters; a field is called by the clerk's own column where that is known."""
    column = parameters.get("column")
    named = {**parameters, "field": column} if column else parameters
    return sentence.format_map(_Known(named))


class _Known(dict[str, str]):
    """Parameters as kept. A record rejected by another version of the program may lack one: it shows as a dash."""

    def __missing__(self, name: str) -> str:
        return "-"


def problem(code: str, **parameters: str) -> Problem:
    """A problem with its parameters; raises KeyError for a code that is not in the tables."""
    MESSAGES[code].format_map(parameters)
    return Problem(code=code, parameters=parameters)
