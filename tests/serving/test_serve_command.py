"""What `chatedit serve` refuses before anything is started."""

import socket

from chatedit.cli import app
from typer.testing import CliRunner


def test_a_port_in_use_is_told_instead_of_shared(tmp_path):
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # as Ray's proxy does
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        result = CliRunner().invoke(app, ["serve", "--port", str(port), "--home", str(tmp_path)])
    assert result.exit_code == 1
    assert f"port {port} is in use (another chatedit serve?): stop it, or --port {port + 1}" in result.stderr


def test_an_address_of_another_machine_is_told(tmp_path):
    result = CliRunner().invoke(app, ["serve", "--host", "192.0.2.1", "--port", "8765", "--home", str(tmp_path)])
    assert result.exit_code == 1
    assert "cannot listen at 192.0.2.1, port 8765" in result.stderr
