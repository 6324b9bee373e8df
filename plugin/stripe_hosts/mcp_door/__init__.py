"""How is an action called as a tool? By MCP, over HTTP and over a terminal's two streams.

Everything here speaks the protocol's own JSON; `versions.py` alone knows the library's types.
"""
