"""What may a value be, and when must it be there? Knows no HTTP and no Stripe."""
