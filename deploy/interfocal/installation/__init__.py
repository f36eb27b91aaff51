"""What is the same for every process of an installation: settings, keys, addresses, what it needs to start."""
