"""What does an action cost, beside what people would use instead? Measured, never asserted."""
