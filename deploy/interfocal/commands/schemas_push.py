"""``interfocal schemas push``: copy the schemas to a registry of somebody else. It changes with what it prints."""

from typing import Annotated

import typer

from interfocal.commands.submit import HERE, Var
from interfocal.contract.push import push
from interfocal.contract.registry_client import RegistryClient
from interfocal.contract.subjects import subjects_of_directory
from interfocal.installation.installation import open_directory
from interfocal.installation.settings import load_settings
from schemas.wire.catalogue import avro_folder
from schemas.wire.release import read_released
from schemas.wire.subjects import Subjects, subjects_of

Url = Annotated[str, typer.Argument(metavar="URL", help="A Confluent-compatible registry, as http://localhost:8081.")]
WithoutTopics = Annotated[
    bool, typer.Option("--without-topics", help="Only under the events' own names; no installation is needed.")
]


def push_schemas(url: Url, without_topics: WithoutTopics = False, var: Var = HERE) -> None:
    """Register every schema under its fixed id, for every topic; what is there already stays.

    The registry has to be in IMPORT mode. Nothing is registered if an id is taken by another schema there.
    """
    subjects = _subjects(var, without_topics=without_topics)
    registry = RegistryClient.to(url)
    try:
        pushed = push(registry, subjects)
    finally:
        registry.http.close()
    for place in pushed.registered:
        typer.echo(f"{place} is registered as id {place.version.schema_id}.")
    typer.echo(f"{len(pushed.registered)} registered, {len(pushed.there)} were there already.")
    if drafts := _drafts(subjects):
        typer.echo(
            f"Drafts, which may still change under the same id: {', '.join(drafts)}. "
            "A changed draft is not pushed over the text that the registry has now.",
            err=True,
        )


def _subjects(var: Var, *, without_topics: bool) -> Subjects:
    if without_topics:
        return subjects_of(())
    return subjects_of_directory(open_directory(var), load_settings(var).kafka.prefix)


def _drafts(subjects: Subjects) -> list[str]:
    released = read_released(avro_folder())
    return sorted({version.name for versions in subjects.values() for version in versions} - set(released))
