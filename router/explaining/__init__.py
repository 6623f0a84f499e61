"""What becomes of requests and events under a configuration, found by simulation: one of them, or many under two of them."""
