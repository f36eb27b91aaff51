"""The quarantine as a person works on it: what an entry says, how it differs, what trying again would do."""
