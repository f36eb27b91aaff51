"""A member's side of the command line: its intake, its mappings, its outbox."""
