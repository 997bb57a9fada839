"""The load generator of tests and bench."""
