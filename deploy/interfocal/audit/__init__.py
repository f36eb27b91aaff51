"""Who acts and why, and the proof that the logs of it are whole."""
