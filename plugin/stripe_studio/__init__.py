"""The page on which every action is a form, every object a row, and time has a button.

`stripe-nodes studio` serves it on loopback, to the browser of whoever started it. What it shows
comes from the manifests, the host, the journal and the emulator; nothing in here knows an action.
"""
