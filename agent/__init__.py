"""LangGraph state machine that carries the belief state through a conversation (paper, Fig. 5)."""
