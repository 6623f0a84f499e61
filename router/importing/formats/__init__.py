"""One module for each source format: a document becomes resources, which the services read."""
