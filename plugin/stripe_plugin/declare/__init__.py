"""What is declared about Stripe: its resources, and what can be done with them?"""
