"""What was chosen on the command line of make: TRAIN, VALIDATE, DATA, KEEP; checked before anything starts."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from flows.trips.month import Month, Months, each, following
from flows.trips.source import SourceError, fetch
from infra.demo.failures import DemoError
from infra.demo.places import CHECKOUT

DEFAULT = " VALIDATE is not given, so it is the month after TRAIN; another month will do as well, as VALIDATE=2023-01."


@dataclass(frozen=True)
class Choices:
    """*train* and *validate* are None where the flow's own default is meant; *source* is a folder or a URL."""

    train: str | None
    validate: str | None
    source: str
    keep: bool

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Choices":
        """Read them, an empty one as not given; raise `DemoError` for one that cannot be meant."""
        train = _checked("TRAIN", Months, environ.get("TRAIN", ""))
        validate = _checked("VALIDATE", Month, environ.get("VALIDATE", ""))
        if train and validate and validate in each(train):
            raise DemoError(
                f"VALIDATE={validate} is inside the training months TRAIN={train}: a model must be judged on a month "
                f"that it has not seen. Choose another, such as VALIDATE={following(each(train)[-1])}"
            )
        data = environ.get("DATA", "")
        source = data if _is_address(data) else str(_folder(data))
        chosen = cls(train, validate, source, environ.get("KEEP", "") not in ("", "0"))
        chosen._check_files()
        return chosen

    @property
    def months(self) -> list[str]:
        """The months whose files are known to be needed."""
        train = each(self.train) if self.train else []
        return train + ([self.validate] if self.validate else [following(train[-1])] if train else [])

    @property
    def arguments(self) -> list[str]:
        """The choices as the pipeline's arguments."""
        given = {"--train-on": self.train, "--validate-on": self.validate, "--source": self.source}
        return [word for name, value in given.items() if value for word in (name, value)]

    def _check_files(self) -> None:
        if _is_address(self.source):
            return
        for month in self.months:
            try:
                fetch(month, self.source, Path())
            except SourceError as error:
                default = "" if self.validate or month in each(self.train or "") else DEFAULT
                raise DemoError(f"{error} The source is DATA={self.source}.{default}") from error


def _checked(name: str, kind: Any, text: str) -> str | None:  # noqa: ANN401  # an annotated type
    if not text:
        return None
    try:
        return str(TypeAdapter(kind).validate_python(text))
    except ValidationError as error:
        raise DemoError(f"{name}={text}: {error.errors()[0]['msg'].removeprefix('Value error, ')}") from error


def _is_address(data: str) -> bool:
    return data.startswith(("http://", "https://"))


def _folder(data: str) -> Path:
    folder = (CHECKOUT / data.removeprefix("file://")).expanduser() if data else CHECKOUT / "data"
    if not folder.is_dir():
        raise DemoError(f"DATA={data} is no folder; give a folder or a URL that holds green_tripdata_YYYY-MM.parquet")
    return folder
