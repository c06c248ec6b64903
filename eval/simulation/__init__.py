"""Data set construction (paper, section 3.1): simulate dialogues over photos, in the words of the phrase bank."""
