"""From a national record to a record of the harmonised data set: mappings, values, grouping."""
