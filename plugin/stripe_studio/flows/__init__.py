"""Flow: several steps in a file, written, checked, run and resumed on a page."""
