"""The contract shown and handed on: pages of the data set, and copies of its schemas in registries."""
