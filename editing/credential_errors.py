"""What can be wrong with content credentials and the key that signs them."""

from .errors import EditError


class CredentialError(EditError):
    """Base of them."""


class NoCredentials(CredentialError):
    """The picture carries none, or they were stripped."""

    def __str__(self) -> str:
        return "the picture carries no content credentials: it was not made here, or they were stripped"


class SigningKeyUnusable(CredentialError):
    """The configured certificate and key cannot sign. Args: what is wrong (never the key itself)."""

    def __str__(self) -> str:
        return f"pictures cannot be signed: {self.args[0]}"
