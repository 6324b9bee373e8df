"""Try: an action as a form, its answer, and what was sent."""
