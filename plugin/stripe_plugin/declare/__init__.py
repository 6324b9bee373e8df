"""What is a Stripe resource, what is an action?"""
