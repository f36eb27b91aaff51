"""What is wrong with an installation, and the next command to type: each check is one function, and fails by itself."""
