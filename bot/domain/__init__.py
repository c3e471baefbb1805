"""The pure core: words, rules and types, without any I/O."""
