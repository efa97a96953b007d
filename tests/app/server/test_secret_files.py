"""Who else can read the researchers' password."""

import pytest

from app.server import secret_files


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o400, False), (0o640, True), (0o644, True)])
def test_a_password_that_other_users_can_read_is_warned_of_by_its_file(tmp_path, monkeypatch, mode, warned):
    path = tmp_path / "secrets.toml"
    path.write_text('password = "open sesame"', encoding="utf-8")
    path.chmod(mode)
    files = [str(tmp_path / "none.toml"), str(path)]
    monkeypatch.setattr(secret_files.st, "get_option", {"secrets.files": files}.get)
    told = secret_files.open_to_others()
    assert len(told) == warned
    assert all(str(path) in line and "open sesame" not in line for line in told)
