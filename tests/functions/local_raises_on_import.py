"""Cannot be loaded: it raises."""

raise ValueError("not today")
