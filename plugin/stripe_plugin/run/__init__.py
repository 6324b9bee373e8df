"""Which run, under which key, sent how often, with what outcome? No I/O."""
