"""Text only: phrase bank, templates and prompts. No logic."""
