"""Configurations out of what is there already: templates, and what the AWS CLI exports.

Text goes in, neutral records with their origins come out of `formats/`, read by one module of `services/` for each AWS service;
`assembly` makes a configuration of them, `settling` has the validator prove it, and `emit` writes it with comments. Nothing of
an input is dropped silently: `view` keeps what was read, `audit` reports the rest.
"""
