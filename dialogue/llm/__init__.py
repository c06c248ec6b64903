"""Trackers that ask a large language model, over any endpoint that speaks OpenAI's chat completions."""
