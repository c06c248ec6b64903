"""Ontology, belief state, policy, T5 tracker and responder, and their training (paper, sections 3.1 and 4.1)."""
