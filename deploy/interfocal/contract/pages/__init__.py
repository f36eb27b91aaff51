"""The data set as static pages: what is on them, and how they are written."""
