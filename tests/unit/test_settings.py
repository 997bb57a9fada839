"""Claims about settings: what is missing is said at once, and the password is not."""

import pytest

from flows.trips.settings import PUBLISHED_TRIPS, Settings, SettingsError

ENVIRON = {
    "DATABASE_URL": "postgresql://trips:secret@db/trips",
    "LAKE_URL": "file:///lake",
    "MLFLOW_TRACKING_URI": "http://mlflow:5000",
}


def test_every_missing_variable_is_named_in_one_error():
    with pytest.raises(SettingsError, match="not set: DATABASE_URL, LAKE_URL, MLFLOW_TRACKING_URI"):
        Settings.from_env({})


@pytest.mark.parametrize("name", ENVIRON)
def test_an_empty_variable_counts_as_missing(name):
    with pytest.raises(SettingsError, match=f"not set: {name}\\. "):
        Settings.from_env(ENVIRON | {name: ""})


def test_trips_come_from_the_city_unless_said_otherwise():
    assert Settings.from_env(ENVIRON).source == PUBLISHED_TRIPS
    assert Settings.from_env(ENVIRON | {"TRIPS_SOURCE": "data"}).source == "data"


def test_the_database_password_is_not_in_the_repr():
    settings = Settings.from_env(ENVIRON)
    assert settings.database_url == ENVIRON["DATABASE_URL"]
    assert "secret" not in repr(settings)


def test_a_new_password_is_the_same_database():
    old, new = (Settings.from_env(ENVIRON | {"DATABASE_URL": f"postgresql://trips:{p}@db/trips"}) for p in "ab")
    assert old.database == new.database
    assert old.database != Settings.from_env(ENVIRON | {"DATABASE_URL": "postgresql://trips:a@db/other"}).database
