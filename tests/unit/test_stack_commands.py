from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer

from interfocal.commands import main
from schemas.errors import BrokerAway, ExchangeError, Misconfigured, NotOurs


def add_failing_command(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def command() -> None:
        raise error

    def register(app: typer.Typer) -> None:
        app.command("fail")(command)

    monkeypatch.setattr(main, "COMMANDS", {"fail": "fail"})
    monkeypatch.setattr(main, "import_module", lambda _name: SimpleNamespace(register=register))


@pytest.mark.parametrize(
    ("error", "code"), [(Misconfigured("no port"), 2), (BrokerAway("no broker"), 1), (ExchangeError("odd"), 1)]
)
def test_an_error_of_ours_is_one_sentence_and_an_exit_code(
    error: ExchangeError, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    add_failing_command(monkeypatch, error)
    assert main.run(["fail"]) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines() == [f"interfocal: {error}"]


def test_a_fault_of_the_program_is_not_hidden_as_an_error_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    add_failing_command(monkeypatch, ZeroDivisionError("a fault"))
    with pytest.raises(ZeroDivisionError):
        main.run(["fail"])


def test_status_where_nothing_runs_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["status", "--var", str(tmp_path)]) == 1
    shown = capsys.readouterr()
    assert shown.out == "Nothing is up: run `interfocal up`.\n"
    assert shown.err == ""


def test_down_where_nothing_runs_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["down", "--var", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "Nothing was running.\n"


def test_an_unknown_command_is_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["nonsense"]) == 2
    assert "nonsense" in capsys.readouterr().err


def test_packages_of_other_distributions_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    main.check_packages_are_ours()
    homes = {"interfocal": tmp_path / "interfocal"}
    monkeypatch.setattr(main, "_folder", lambda package: homes.get(package, tmp_path / "elsewhere" / package))
    with pytest.raises(NotOurs, match="schemas is loaded from"):
        main.check_packages_are_ours()


def test_every_command_is_in_the_file_that_the_table_names() -> None:
    app = main.build_app()
    groups = {group.name for group in app.registered_groups}
    single = {command.name for command in app.registered_commands}
    assert groups | single == {words.split()[0] for words in main.COMMANDS}
    for words in main.COMMANDS:
        found: Any = typer.main.get_command(main.build_app(main.files_for(words.split())))
        for word in words.split():
            found = found.commands[word]


def test_of_a_group_in_several_files_only_the_one_that_is_asked_for_is_imported() -> None:
    assert main.files_for(["run", "desks", "--port", "1"]) == ("run_desks",)
    assert main.files_for(["run", "--help"]) == ("run_producer", "run_desks", "run_region")
    assert main.files_for(["trace", "route"]) == ("trace",)
    assert set(main.files_for(["--help"])) == set(main.files_for([])) == set(main.COMMANDS.values())
