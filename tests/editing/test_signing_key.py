import datetime
import threading
from pathlib import Path

import pytest
from chatedit.editing.credential_errors import SigningKeyUnusable
from chatedit.editing.signing_key import DEVELOPMENT_FILE, SigningSettings, development_key, find_signing_key
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec


@pytest.fixture
def configured(tmp_path: Path) -> SigningSettings:
    """Certificate and key as an operator has them: two files."""
    made = development_key(tmp_path / "made")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(made.certificates)
    key.write_bytes(made.private_key)
    return SigningSettings(home=tmp_path / "home", c2pa_certificate=chain, c2pa_key=key)


def test_the_development_key_is_made_once_for_its_owner_only_and_named_as_such(tmp_path: Path):
    key = find_signing_key(SigningSettings(home=tmp_path))
    assert key.is_development
    assert development_key(tmp_path) == key
    assert (tmp_path / DEVELOPMENT_FILE).stat().st_mode & 0o777 == 0o600
    [leaf, root] = x509.load_pem_x509_certificates(key.certificates)
    assert "ChatEdit development key" in leaf.subject.rfc4514_string()
    assert leaf.issuer == root.subject != leaf.subject
    assert leaf.not_valid_after_utc - datetime.datetime.now(datetime.UTC) > datetime.timedelta(days=3000)


def test_several_that_need_the_development_key_at_once_get_the_same(tmp_path: Path):
    found = []
    threads = [threading.Thread(target=lambda: found.append(development_key(tmp_path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({key.private_key for key in found}) == 1
    assert len(list((tmp_path / DEVELOPMENT_FILE).parent.iterdir())) == 1


def test_the_configured_key_is_used(configured: SigningSettings):
    key = find_signing_key(configured)
    assert (key.is_development, key.algorithm) == (False, "es256")
    assert not configured.home.exists()


def test_a_key_is_never_printed(configured: SigningSettings):
    key = find_signing_key(configured)
    assert "PRIVATE" not in repr(key)
    assert key.private_key.decode().splitlines()[1] not in repr(key)


def test_a_key_of_another_certificate_is_refused(configured: SigningSettings, tmp_path: Path):
    other = ec.generate_private_key(ec.SECP256R1())
    pem = other.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "key.pem").write_bytes(pem)
    with pytest.raises(SigningKeyUnusable, match="does not belong"):
        find_signing_key(configured)


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"])
def test_files_that_hold_no_key_are_refused_and_not_quoted(configured: SigningSettings, tmp_path: Path, content: bytes):
    (tmp_path / "key.pem").write_bytes(content)
    with pytest.raises(SigningKeyUnusable) as refusal:
        find_signing_key(configured)
    assert "c2VjcmV0" not in str(refusal.value)


def test_half_a_configuration_is_refused(configured: SigningSettings):
    with pytest.raises(SigningKeyUnusable, match="belong together"):
        find_signing_key(configured.model_copy(update={"c2pa_key": None}))


def test_a_home_that_cannot_be_written_says_what_to_set(tmp_path: Path):
    (tmp_path / "home").write_text("a file stands where the folder should be")
    with pytest.raises(SigningKeyUnusable, match="CHATEDIT_HOME"):
        development_key(tmp_path / "home")
