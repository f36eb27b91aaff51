"""What the cluster must have, what it has, and how the one becomes the other. It grows with what is provisioned."""
