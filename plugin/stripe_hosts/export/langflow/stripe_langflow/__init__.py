"""Which actions of Stripe does Langflow have?"""
