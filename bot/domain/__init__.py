"""The pure core: types, rules and parsing, without any I/O."""
