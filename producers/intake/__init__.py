"""From a harmonised record to an accepted event, or to a rejection with its reasons."""
