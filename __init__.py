"""ChatEdit: edit faces by conversation. The repository root is this package (CONTRIBUTING, "Decisions")."""

__version__ = "0.1.0"
