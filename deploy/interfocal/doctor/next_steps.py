"""Commands of ours that findings name, each written once. It changes with the command line."""

from pathlib import Path

UP = "interfocal up"
STATUS = "interfocal status"
DEMO = "interfocal demo"
CONFIG = "interfocal config check"
CONFIG_PROBLEMS = "interfocal config check --problems"
PLAN = "interfocal provision plan"
APPLY = "interfocal provision apply"
MIGRATE = "interfocal migrate"
GAPS = "interfocal ledger gaps"
VERIFY = "interfocal ledger verify"
LINES = "interfocal ledger lines"
RUN_REGION = "interfocal run region"
DIRECTORY = "interfocal directory verify"


def run_producer(*codes: str) -> str:
    """Start the producer process of these members."""
    return f"interfocal run producer --members {','.join(codes)}"


def run(process: str) -> str:
    """Start a process that serves no single member; of several instances it has the kind's name."""
    return f"interfocal run {process.partition('-')[0]}"


def sign(root: Path) -> str:
    """Sign the next version of the directory; where its root is not here, with a name in its place."""
    return f"interfocal directory sign --root {root if root.exists() else 'FILE'}"


def rotate(owner: str) -> str:
    """Give an owner its next key."""
    return f"interfocal member rotate {owner}"


def show_member(code: str) -> str:
    """Show a member with its keys."""
    return f"interfocal member show {code}"


def recover(code: str) -> str:
    """Rebuild a member's outbox."""
    return f"interfocal producer recover --as {code}"


def quarantine(stream: str, desk: str = "") -> str:
    """List what waits of a stream, in the region or at a member's desk."""
    return f"interfocal quarantine list --stream {stream}{f' --desk {desk}' if desk else ''}"
