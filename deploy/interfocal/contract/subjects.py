"""The registry subjects of an installation. It changes with what its topics are planned from."""

from schemas.directory import Directory
from schemas.topics import planned_topics
from schemas.wire.subjects import Subjects, subjects_of


def subjects_of_directory(directory: Directory, prefix: str) -> Subjects:
    """A subject for every topic of the directory's members and region, as the cluster names it, and for every event."""
    return subjects_of((topic.name for topic in planned_topics(directory.owners())), prefix)
