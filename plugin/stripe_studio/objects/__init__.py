"""Objects, time and faults: what is there, what will happen to it, and what goes wrong."""
