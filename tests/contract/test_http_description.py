"""Any request, of the OpenAPI description's form or not, gets an answer that it describes."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from intake_cases import AT_THE_DOOR, mapping_of, open_intake, seizure
from producers.ways_in.api_keys import Caller
from producers.ways_in.http import Bounds, create_app

KEY = "key"
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 40


def caller(key: str) -> Caller | None:
    return Caller("RS", "cms") if key == KEY else None


def operations() -> Sequence[tuple[str, str]]:
    """Path and method of everything that the description holds."""
    paths = create_app({}, caller).openapi()["paths"]
    return [(path, method) for path, described in paths.items() for method in described]


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BaseSchema]:
    """The description of an intake that answers, with a rejected record in it."""
    folder: Path = tmp_path_factory.mktemp("intake")
    intake = open_intake(folder, mapping_of(folder), bound_rows=1_000_000)
    intake.submit("seizure", [seizure(items=[])], AT_THE_DOOR)
    app = create_app({"RS": intake}, caller, bounds=Bounds(wait_s=0.01, poll_s=0.005))
    yield schemathesis.openapi.from_asgi("/openapi.json", app)
    intake.outbox.close()


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("path", "method"), operations())
def test_every_answer_is_a_described_one_and_none_is_a_failure(
    described: BaseSchema, path: str, method: str, mode: GenerationMode
) -> None:
    requests = described[path][method.upper()].as_strategy(generation_mode=mode)

    @settings(max_examples=EXAMPLES, deadline=None)
    @given(requests)
    def ask(case: Case[Any]) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {KEY}"}, checks=CHECKS)

    ask()
