"""Training of the dialogue model: inherit a sentence encoder, pre-train on task-oriented dialogue, fine-tune."""
