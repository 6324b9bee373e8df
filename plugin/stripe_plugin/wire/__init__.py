"""How does an action become bytes, and bytes an answer? No I/O."""
