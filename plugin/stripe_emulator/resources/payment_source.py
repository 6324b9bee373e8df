"""What is a payment source: a card or a bank account of the time before payment methods?

The emulator keeps none; where they are listed, there are none.
"""

from stripe_emulator.declare import Resource, declare

declare(Resource(kind="payment_source", prefix=""))
