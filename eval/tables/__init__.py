"""The paper's tables of images, and its qualitative figures, on any pack (Cui et al. 2023, section 5, App. D and E)."""
