"""Rules, one file per family of causes."""
