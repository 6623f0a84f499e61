"""The durable queue of deliveries: engines behind the ports `Journal`, `JournalAdmin` and `Store`."""
