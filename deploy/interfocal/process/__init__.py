"""What every process is made of: threads, HTTP, logs, metrics, health."""
