"""Claims about the database that need no server: an address that does not answer."""

import pytest

from flows.trips import table


def test_a_database_that_does_not_answer_is_named_without_its_password():
    with pytest.raises(table.DatabaseError, match=r"(?s)127\.0\.0\.1:1/trips.*Check DATABASE_URL") as caught:
        table.stored("postgresql://trips:topsecret@127.0.0.1:1/trips", "2023-01")
    assert "topsecret" not in str(caught.value)
