"""``python -m interfocal``: the same program as ``interfocal``."""

from interfocal.commands.main import main

main()
