"""A focal point's side of the command line: acts, and what is shown of traces."""
