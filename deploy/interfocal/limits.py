"""What has to be said of a region beside its records. It changes with what a directory says of its region.

In JSON it stands as ``limits``; a command that shows or submits records says on stderr when they are an exercise's.
"""

import typer

from schemas.directory import Directory

EXERCISE_NOTICE = "Exercise data only: nothing here may hold a real case."


def limits_of(directory: Directory | None) -> list[str]:
    """That the region is an exercise, if it is one, and its directory's notice; nothing where no directory is yet."""
    if directory is None:
        return []
    return [*([EXERCISE_NOTICE] if directory.exercise else []), *([directory.notice] if directory.notice else [])]


def say_exercise(directory: Directory | None) -> None:
    """Say on stderr that the region is an exercise, if it is one."""
    if directory is not None and directory.exercise:
        typer.echo(EXERCISE_NOTICE, err=True)
