"""What is not in Kafka, kept apart: copied from an installation, and put back into a new one."""
