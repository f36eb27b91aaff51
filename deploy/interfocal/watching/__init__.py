"""What an operator sees of an installation: figures of its databases, what is wrong with it, and a live table."""
