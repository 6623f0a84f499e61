"""What proves callers, where that takes the outside world."""
