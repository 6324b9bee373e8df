"""How do several steps run one after another, kept and resumed? Without a terminal."""
