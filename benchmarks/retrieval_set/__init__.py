"""A hard set of questions over real Debian manuals, half for tuning and half for testing."""
