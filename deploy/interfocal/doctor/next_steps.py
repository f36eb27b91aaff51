"""Commands of ours that findings name, each written once. It changes with the command line."""

UP = "interfocal up"
STATUS = "interfocal status"
DEMO = "interfocal demo"
CONFIG = "interfocal config check"
CONFIG_PROBLEMS = "interfocal config check --problems"
PLAN = "interfocal provision plan"
APPLY = "interfocal provision apply"
MIGRATE = "interfocal provision apply"
GAPS = "interfocal ledger gaps"
VERIFY = "interfocal ledger verify"
RUN_REGION = "interfocal run region"


def run_producer(*codes: str) -> str:
    """Start the producer process of these members."""
    return f"interfocal run producer --members {','.join(codes)}"


def run(process: str) -> str:
    """Start a process that serves no single member; of several instances it has the kind's name."""
    return f"interfocal run {process.partition('-')[0]}"


def recover(code: str) -> str:
    """Rebuild a member's outbox."""
    return f"interfocal producer recover --as {code}"


def quarantine(stream: str, desk: str = "") -> str:
    """List what waits of a stream, in the region or at a member's desk."""
    return f"interfocal quarantine list --stream {stream}{f' --desk {desk}' if desk else ''}"
