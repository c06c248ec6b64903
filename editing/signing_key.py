"""The key that signs content credentials: a configured one, or a development key that is made on first use."""

import datetime
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes, PrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from .credential_errors import SigningKeyUnusable
from .private_file import write_once

DEVELOPMENT_NAME = "ChatEdit development key"
DEVELOPMENT_FILE = Path("credentials") / "development-key.pem"
VALID_DAYS = 3650
DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # RFC 9336; one of those that C2PA accepts
_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


class SigningSettings(BaseSettings):
    """Where the key is.

    Attributes:
        home: `CHATEDIT_HOME`; the development key is kept below it.
        c2pa_certificate: PEM file of the certificate chain, the signer's first, without the root.
        c2pa_key: PEM file of its private key, not encrypted.
    """

    model_config = SettingsConfigDict(env_prefix="CHATEDIT_", extra="ignore", frozen=True)

    home: Path = Field(default_factory=lambda: Path.home() / ".local" / "share" / "chatedit")
    c2pa_certificate: Path | None = None
    c2pa_key: Path | None = None


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A certificate chain and its private key, as PEM, with the name that C2PA gives the algorithm."""

    certificates: bytes
    private_key: bytes = field(repr=False)
    algorithm: str
    is_development: bool


def find_signing_key(settings: SigningSettings | None = None) -> SigningKey:
    """The configured key, or else the development key of this machine.

    Args:
        settings: from the environment where None.
    Raises:
        SigningKeyUnusable
    """
    settings = settings or SigningSettings()
    if settings.c2pa_certificate is None and settings.c2pa_key is None:
        return development_key(settings.home)
    if settings.c2pa_certificate is None or settings.c2pa_key is None:
        raise SigningKeyUnusable("CHATEDIT_C2PA_CERTIFICATE and CHATEDIT_C2PA_KEY belong together")
    return _parsed(_read(settings.c2pa_certificate), _read(settings.c2pa_key), is_development=False)


def development_key(home: Path) -> SigningKey:
    """The key in `home`, made where there is none; safe for several processes at once.

    Raises:
        SigningKeyUnusable: the folder cannot be written, or the file is broken.
    """
    path = home / DEVELOPMENT_FILE
    try:
        if not path.exists():
            write_once(path, _made())
    except OSError as error:
        raise SigningKeyUnusable(
            f"{path} cannot be written ({error.strerror}): set CHATEDIT_HOME, or CHATEDIT_C2PA_CERTIFICATE and _KEY"
        ) from error
    data = _read(path)
    return _parsed(data, data, is_development=True)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SigningKeyUnusable(f"{path} cannot be read ({error.strerror})") from error


def _parsed(chain: bytes, key: bytes, is_development: bool) -> SigningKey:
    try:
        certificates = x509.load_pem_x509_certificates(chain)
        private_key = serialization.load_pem_private_key(key, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # its message could quote the file
        raise SigningKeyUnusable("certificate and key must be PEM files, the key without a password") from None
    if certificates[0].public_key() != private_key.public_key():
        raise SigningKeyUnusable("the key does not belong to the first certificate of the chain")
    return SigningKey(_pem(*certificates), _pem_of_key(private_key), _algorithm(private_key), is_development)


def _algorithm(key: PrivateKeyTypes) -> str:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey):
        return "ps256"
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        return _CURVES[key.curve.name]
    raise SigningKeyUnusable("C2PA signs with ECDSA (P-256, P-384, P-521), Ed25519 or RSA keys")


def _made() -> bytes:
    """A fresh key and its chain. C2PA forbids self-signed certificates, so an authority signs it and is forgotten."""
    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _certificate("ChatEdit development authority", None, authority.public_key(), authority)
    leaf = _certificate(DEVELOPMENT_NAME, root, key.public_key(), authority)
    return _pem_of_key(key) + _pem(leaf, root)


def _certificate(
    name: str,
    issuer: x509.Certificate | None,
    public_key: CertificatePublicKeyTypes,
    signer: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    """A certificate in the profile of C2PA; an authority's own where it has no issuer."""
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, DEVELOPMENT_NAME),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    now, is_authority = datetime.datetime.now(datetime.UTC), issuer is None
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))  # clocks differ
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
        .add_extension(x509.BasicConstraints(is_authority, 0 if is_authority else None), critical=True)
        .add_extension(_usage(is_authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if not is_authority:
        usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION, DOCUMENT_SIGNING])
        builder = builder.add_extension(usages, critical=False)
    return builder.sign(signer, hashes.SHA256())


def _usage(is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates)


def _pem_of_key(key: PrivateKeyTypes) -> bytes:
    form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, none)
