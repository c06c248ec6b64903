"""What agents call: the `edit_face` tool, the `Editor` protocol and its clients."""
